// Package payment is the domain of PayBridge, free of I/O: what a payment is,
// how the objects of Stripe add up to the state of one row in the CRM, what
// an amount is in which currency, and the hint that travels between the two
// ends. It imports nothing of PayBridge's, so every rule in it can be read and
// tested by itself.
package payment
