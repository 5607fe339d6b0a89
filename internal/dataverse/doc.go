// Package dataverse is a client of the Dataverse Web API, version 9.2: rows
// read and written by GUID or alternate key, writes that hold only while a row
// is as it was read, several writes as one transaction in a $batch, and errors
// with the code that tells what happened.
//
// It knows Dataverse and none of the tables in it. Names of tables, columns
// and keys are checked before they reach a URL, so nothing that came from
// outside can change what a request means; values are escaped by [Filter],
// [Key] and [Values] and never put together by hand.
//
// Every request goes through one azcore pipeline: a bearer token for the
// organisation, a refresh of it after a 401, and repeats with exponential
// backoff and jitter that honour Retry-After and the context's deadline. A
// request that might do something twice is not repeated. What a repeat cannot
// mend comes back as an [*Error].
package dataverse
