// Package dataverse is a local stand-in for the Microsoft Dataverse Web API,
// versions 9.0 to 9.2, so that everything above the wire can be tried, tested
// and broken without an environment in the cloud.
//
// It is an [http.Handler] with durable state: one bbolt file, one transaction
// per request and per changeset. A process that is killed loses nothing that it had
// answered.
//
// # What it imitates
//
// Rows by GUID and by alternate key; creates, updates, upserts and deletes with
// the whole table of If-Match and If-None-Match; entity tags from one version counter for the
// environment; lookups and @odata.bind; money with its currency, its base value and its four
// decimals; choices, the lengths and ranges of columns with their error
// codes; $select, $filter, $orderby, $top, $count, $expand of lookups, pages with @odata.nextLink;
// $batch with changesets, Content-ID references and the platform's way of reporting failures; WhoAmI; the
// service protection limits (off unless asked for) and any other misfortune through
// [Config.Faults].
//
// It learns tables: publishers and solutions, tables, columns, choice values,
// relationships and alternate keys are defined over the Web API and kept in the
// file. The index of a key is pending for a while, and fails where rows have the same
// values; definitions that are read without Consistency: Strong can be old (see
// [Metadata]). Application users are made and given security roles, and are held to
// their privileges where [Config.Roles] says so.
//
// It is awkward where the platform is: key URLs come back instead of GUIDs,
// a duplicate is 412 and not 409, columns that cannot be written are ignored
// without a word, navigation properties are case-sensitive while text
// comparison is not, x-ms-ratelimit-time-remaining-xrm-requests has a thousands
// separator, $count starts with a byte order mark.
//
// # Who is asking
//
// Any bearer token is accepted. [ApplicationToken] acts as the application user,
// "user:ann" as the person whose first name is Ann, and every other one as the
// first of the people (see [Config.People]): somebody else than PayBridge, whose
// changes it takes. A request without a bearer token gets the platform's 401.
//
// # What it does not imitate
//
// Privileges of less depth than the organisation, field security, plug-ins, duplicate detection rules, change tracking, FetchXML,
// $apply, many-to-many relationships, impersonation, teams, audit, time zones of
// users, accent-insensitive comparison and cascading deletes: a deleted row leaves
// lookups to it empty. Of solutions it knows the names and not the components. Global choices, and columns of types that
// PayBridge does not use, cannot be defined.
package dataverse
