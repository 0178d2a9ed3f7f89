package entstore

// maxAttempts is how often work is done that deadlocks with others each time.
const maxAttempts = 5

func (d Dialect) isDeadlock(err error) bool { return d.IsDeadlock != nil && d.IsDeadlock(err) }

// persist does work, and does it again if the database has undone it so that
// others can go on: that is nobody's fault.
func (d Dialect) persist(work func() error) error {
	for attempt := 1; ; attempt++ {
		if err := work(); attempt == maxAttempts || !d.isDeadlock(err) {
			return err
		}
	}
}
