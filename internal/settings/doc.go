// Package settings holds every app setting of PayBridge in one documented
// struct, [Settings], and reads it: Key Vault references resolved, values
// validated, and all problems reported at once, each with what to do about it.
//
// A setting that is malformed stops the process, because nobody would notice it
// later. One that is merely missing does not: the functions that need it answer
// so, and say which, while the others work. The tags of the struct are the
// documentation: the table in the README and local.settings.json.example are
// held to them.
package settings
