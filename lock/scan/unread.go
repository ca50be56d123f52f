package scan

var unreadScript = Rule{
	ID:    "unread-script",
	Level: Note,
	Title: "script that is not read",
	Why:   "what it downloads is not looked at",
	Fix:   "look at it yourself",
	check: func(p *pass) {
		for _, stage := range p.stages {
			reported := make(map[string]bool)
			for _, u := range stage.Unread {
				if !reported[u.Why] {
					p.report(Note, u.At, u.At, "this script is not read: %s", u.Why)
				}
				reported[u.Why] = true
			}
		}
	},
}
