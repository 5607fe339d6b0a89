package crm

// Right is what the application user has to be allowed in one table, for all
// rows of the organisation.
type Right struct {
	// Table is the table's logical name.
	Table string
	// Verbs are the kinds of privileges as Dataverse names them: Create, Read,
	// Write, Delete, Append, AppendTo.
	Verbs []string
}

// Rights returns all that PayBridge needs to be allowed, and so all that its
// security role grants: it reads and writes payment rows and never makes or
// deletes one, keeps their timeline and reconcile's bookmarks, and reads
// currencies by their code.
func (m Mapping) Rights() []Right {
	return []Right{
		{Table: m.Table, Verbs: []string{"Read", "Write", "AppendTo"}},
		{Table: "pb_paymentevent", Verbs: []string{"Create", "Read", "Write", "Append"}},
		{Table: "pb_bookmark", Verbs: []string{"Create", "Read", "Write"}},
		{Table: "transactioncurrency", Verbs: []string{"Read"}},
	}
}
