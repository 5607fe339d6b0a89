// Package servicebus stands in for a namespace of Azure Service Bus queues on
// a machine without an account, so that the path from a webhook to a row runs
// with the same failures as in Azure: messages that come twice, late, out of
// order, or not at all until somebody looks into the dead-letter queue.
//
// It is a library and no server. It keeps its state in one file, one
// transaction a change, so that SIGKILL at any instant neither loses nor
// invents a message.
//
// What it imitates: peek-lock with a lock token, a lock duration and renewal;
// the delivery count, counted from 1; abandoned messages and run-out locks
// that are visible again at once; the dead-letter queue
// "<queue>/$DeadLetterQueue" with reason and description, entered after
// MaxDeliveryCount deliveries (MaxDeliveryCountExceeded), at the end of the
// time to live (TTLExpiredException) or by the receiver; scheduled messages;
// duplicate detection by MessageID; peeking; the size limit of the Standard
// tier. Without sessions Service Bus promises no order, so by default Receive
// now and then hands messages out in another order than they came in.
//
// What it does not imitate: AMQP, tokens and connection strings, topics,
// sessions, deferral, transactions over several queues, forwarding, prefetch,
// receive-and-delete, partitions, quotas on the size of a queue, throttling,
// the limit on the size of a whole batch, and the lower bound of five seconds
// on a lock duration (tests want shorter ones).
//
// Time is that of package time and nothing polls, so it runs inside a
// testing/synctest bubble.
package servicebus
