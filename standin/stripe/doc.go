// Package stripe stands in for Stripe where there is no Stripe account: a stateful imitation of its API in the shapes
// of version 2023-10-16, of the webhooks it sends, and of the pages that its customers' customers see. The official
// SDKs work against it with their base URL set to the Server's.
//
// # What it imitates
//
// PaymentIntents with Stripe's documented test payment methods, Checkout Sessions with a page to pay them on, Charges,
// Refunds, Disputes with Stripe's test evidence, Events, webhook endpoints, balance transactions, search with its lag,
// connected accounts, idempotency keys, expansion, pagination, and the error envelope with its statuses and codes.
// An unknown parameter is refused, and an amount that Stripe's currency table does not allow as well.
//
// Webhooks are signed as Stripe signs them and delivered at least once: by default one in ten comes twice and one in
// ten is overtaken by younger ones (Config.Delivery), whatever is not answered with 2xx is tried again, and some events
// can be made never to come to be (Server.Silence). A consumer that relies on order or on single delivery fails here
// as it would fail there.
//
// What happens outside the API (customers pay, banks decide, time passes) is done through the methods of Server, or
// over HTTP under /_standin with form-encoded parameters; that surface asks for no key and is for this machine only.
//
// The state is one file, one transaction a change: an answer, the objects, their events and the deliveries that are
// due are stored together or not at all, so a kill -9 at any instant loses nothing and invents nothing.
//
// # What it does not imitate
//
//   - Customers, stored prices and products, SetupIntents, subscriptions, invoices, payouts, transfers, radar, taxes,
//     discounts, shipping: parameters of these are accepted where an intent or a session takes them and have no effect.
//   - Fees and exchange rates: every balance transaction has the fee 0 and is in the currency of its charge.
//   - Other API versions: Stripe-Version is checked for its form and echoed; objects and events keep the shapes of
//     2023-10-16, with api_version as the endpoint or the account has it. Only which refund.* events are sent follows it.
//   - Publishable keys and the JavaScript of Stripe: a customer's browser is Server.Pay, Server.Authenticate and the pages.
//   - Request limits other than Config.RateLimit.
//   - Search by stale values: an object is unknown for the lag and known with its present values after it.
//   - Checkout's waiting of up to ten seconds for the webhook before it sends the customer back.
//   - Disabling an endpoint that fails for days, and the exact hours of Stripe's retries (Delivery.Backoff).
package stripe
