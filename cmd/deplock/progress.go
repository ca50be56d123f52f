package main

// warn prints a warning. Calls may overlap.
func (c *command) warn(err error) {
	c.printing.Lock()
	defer c.printing.Unlock()
	c.console.Warnf("%v", err)
}
