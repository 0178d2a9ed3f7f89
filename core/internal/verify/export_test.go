package verify

// Selected returns the number of tokens whose provider is cached.
func (s *Set) Selected() int {
	s.selected.CleanUp()
	return s.selected.EstimatedSize()
}
