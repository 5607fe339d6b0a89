// Package stripeapi is where PayBridge meets Stripe, and the only package that
// knows stripe-go. It checks and reads webhook events, and reads payments from
// the API, in both cases down to the plain types of package payment: a hint,
// and the facts that a hint leads to.
//
// An event is read with a small struct of its own instead of stripe-go's
// types, because an event is rendered in the API version of the endpoint or
// of the account, not in that of the library. Answers of the API are in the
// library's version, so they are read with its types.
package stripeapi
