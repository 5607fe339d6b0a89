// Package crm knows where payments live in Dataverse: which table and columns
// hold what the CRM asks for and what Stripe says, how a row is found for a
// hint, and how a row and its timeline are written together or not at all.
// It is the only package that knows a column's name.
package crm
