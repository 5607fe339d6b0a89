// Package stripe is a stand-in for Stripe.
package stripe
