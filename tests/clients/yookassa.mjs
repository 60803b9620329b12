// A shop as somebody else's library for YooKassa's API writes one: it takes payments, gives money back, registers receipts
// and reads lists and notifications. Nothing here knows of the sandbox but the address, and what the payer does there.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import sdk from '@webzaytsev/yookassa-ts-sdk'

const { YooKassa, YooKassaErr, parseNotification } = sdk
const [root, shop_id, secret_key] = process.argv.slice(2)
const shop = YooKassa({ shop_id, secret_key, endpoint: `${root}/yookassa/v3`, maxRPS: 50, retries: 1 })
const rub = (value) => ({ value, currency: 'RUB' })
const receipt = (value, quantity = 1) => ({
  customer: { email: 'anna@example.com' },
  items: [{ description: '23 photos', quantity, amount: rub(value), vat_code: 1, payment_subject: 'service', payment_mode: 'full_payment', measure: 'piece' }]
})
const order = (value) => ({
  amount: rub(value), capture: true, description: 'A set of photos', metadata: { order_id: '17' },
  confirmation: { type: 'redirect', return_url: 'https://t.me/fotoset_bot', locale: 'ru_RU' }, receipt: receipt(value)
})
const payer = async (deed, body = {}) => assert.ok((await fetch(`${root}/api/${deed}`, { method: 'POST', body: JSON.stringify(body) })).ok, deed)
const refused = (call, code, words) => assert.rejects(call, (error) => error instanceof YooKassaErr && error.name === code && words.test(error.message))

// what the shop is told by itself
const told = []
const listener = createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  told.push(parseNotification(JSON.parse(body)))
  response.end()
}).listen(0, '127.0.0.1')
await once(listener, 'listening')
await payer('notices', { url: `http://127.0.0.1:${listener.address().port}/` })

// a payment, twice by the same key
const payment = await shop.payments.create(order('990.00'), 'order-17')
assert.equal(payment.status, 'pending')
assert.match(payment.confirmation.confirmation_url, /^http/)
assert.equal((await shop.payments.create(order('990.00'), 'order-17')).id, payment.id)
await refused(shop.payments.create(order('999.00'), 'order-17'), 'invalid_request', /Duplicate idempotence key/)
await payer(`payments/${payment.id}/pay`)
const paid = await shop.payments.load(payment.id)
assert.deepEqual([paid.status, paid.paid, paid.amount.value, paid.metadata.order_id, paid.receipt_registration], ['succeeded', true, '990.00', '17', 'succeeded'])
assert.ok(Number(paid.income_amount.value) < 990)

// two stages
const held = await shop.payments.create({ ...order('500.00'), capture: false })
await payer(`payments/${held.id}/pay`, { card: '2200000000000004' })
assert.equal((await shop.payments.capture(held.id, { amount: rub('500.00') })).status, 'succeeded')
const dropped = await shop.payments.create({ ...order('500.00'), capture: false })
await payer(`payments/${dropped.id}/pay`)
assert.equal((await shop.payments.cancel(dropped.id)).cancellation_details.reason, 'canceled_by_merchant')
const declined = await shop.payments.create(order('500.00'))
await payer(`payments/${declined.id}/pay`, { card: '5555555555554600' })
assert.equal((await shop.payments.load(declined.id)).cancellation_details.reason, 'insufficient_funds')

// the library retries what failed over there, with the key of the first try
await payer('faults', { service: 'yookassa', method: 'POST /payments', kind: 'status', status: 500, act: true })
const survived = await shop.payments.create(order('500.00'))
const all = await shop.payments.list({ limit: 2 })
assert.equal(all.length, 5)
assert.equal(all[0].id, survived.id)
assert.deepEqual((await shop.payments.list({ status: 'canceled' })).map((one) => one.id), [declined.id, dropped.id])
assert.deepEqual(await shop.payments.list({ 'created_at.lt': payment.created_at }), [])

// money back: a part, the rest, and no more
const part = await shop.refunds.create({ payment_id: payment.id, amount: rub('86.08'), description: 'Two photos', receipt: receipt('43.04', 2) }, 'refund-1')
assert.deepEqual([part.status, part.payment_id, part.receipt_registration], ['succeeded', payment.id, 'succeeded'])
await refused(shop.refunds.create({ payment_id: payment.id, amount: rub('903.92') }), 'invalid_request', /Receipt is missing/)
await shop.refunds.create({ payment_id: payment.id, amount: rub('903.92'), receipt: receipt('903.92') })
await refused(shop.refunds.create({ payment_id: payment.id, amount: rub('1.00') }), 'invalid_request', /already completely refunded/)
assert.equal((await shop.refunds.load(part.id)).amount.value, '86.08')
assert.equal((await shop.refunds.list({ payment_id: payment.id, limit: 1 })).length, 2)
assert.equal((await shop.payments.load(payment.id)).refunded_amount.value, '990.00')

// receipts: the payment's own, the refunds', and one alone
const [own] = await shop.receipts.list({ payment_id: held.id })
assert.deepEqual([own.type, own.status, own.items[0].amount.value], ['payment', 'succeeded', '500.00'])
assert.equal((await shop.receipts.list({ refund_id: part.id }))[0].settlements[0].amount.value, '86.08')
const alone = await shop.receipts.create({ type: 'payment', payment_id: held.id, send: true, ...receipt('500.00'), settlements: [{ type: 'prepayment', amount: rub('500.00') }] })
assert.equal((await shop.receipts.load(alone.id)).payment_id, held.id)
await refused(shop.payments.load('00000000-000f-5000-a000-000000000000'), 'not_found', /exist/)

const events = ['payment.succeeded', 'payment.waiting_for_capture', 'payment.succeeded', 'payment.waiting_for_capture', 'payment.canceled',
  'payment.canceled', 'refund.succeeded', 'refund.succeeded'].sort()
for (let i = 0; i < 100 && told.length < events.length; i++) await new Promise((done) => setTimeout(done, 50))
assert.deepEqual(told.map((one) => one.event).sort(), events)
assert.ok(told.some((one) => one.object.id === payment.id))
listener.close()
console.log('the shop works')
