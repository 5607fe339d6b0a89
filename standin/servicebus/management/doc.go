// Package management stands in for the management endpoint of a namespace of
// Azure Service Bus, over HTTP and well enough for the administration clients of
// the official SDKs to read the settings of queues.
//
// What it imitates: GET of one queue, answered with an ATOM entry that has its
// description; the empty feed with 200 that Service Bus answers for a queue
// which is not there; 401 with an <Error> for a token without the right to
// manage, and for none.
//
// What it does not imitate: making, changing and deleting queues, lists of them,
// the counts of messages, authorization rules, topics, subscriptions and rules,
// the description of the namespace, the differences between api-versions,
// throttling, and signatures: whoever sends a token that is not among
// Config.Strangers may manage.
package management
