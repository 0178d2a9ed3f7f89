package configfile

import "slices"

func (r *rules) users() {
	at, contacts := Path{Block: BlockUsers}.in("link_on"), r.settings.Users.LinkOn
	for i, contact := range contacts {
		switch {
		case contact != "email" && contact != "phone":
			r.wrong(at, `%q is not a contact: use "email", "phone" or both`, contact)
		case slices.Contains(contacts[:i], contact):
			r.wrong(at, "must list %q once", contact)
		case contact == "phone":
			r.add(problem{
				at:      at,
				message: `phone numbers are reassigned: the next owner of a number would get the account of the last one; use "email" if you can`,
				warning: true,
			})
		}
	}
}
