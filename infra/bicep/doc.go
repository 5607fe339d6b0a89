// Package bicep reads the language in which Azure's resources are declared, as
// far as the templates of this project use it. Their compiler is not to be had
// everywhere that the tests run, and what a test has to know is more than that
// they compile: that they set every setting, make every queue and grant every
// role that the code needs. [Parse] gives a file's declarations, [Check] holds
// them to the rules whose violation an operator would only see at deployment,
// and [Deploy] says what Azure would be asked for.
//
// Not read are imports, user-defined types and functions, lambdas and the
// spread operator. A template that begins to use one of them is an error, and
// no silent gap.
package bicep
