-- Telegram's stars, the second way to pay an order. An order that may be paid so has a row of its own in bot_payments
-- besides the one at YooKassa: provider 'stars', currency 'XTR', written before the invoice is made. Its key is what
-- nobody can guess of the invoice's payload ("<order>:<key>"); the body is what the invoice is asked with.

ALTER TABLE bot_payments
  ADD COLUMN payer BIGINT,              -- stars: Telegram's id of who paid; only they can be given them back
  ADD COLUMN listed_at TIMESTAMPTZ,     -- stars: when it was seen among the bot's transactions; NULL = not yet
  -- stars: did Telegram's own affiliate programme pay somebody for it? Then our referrer is not paid as well. NULL: not
  -- known before it is listed
  ADD COLUMN affiliate BOOLEAN;
-- An order has one invoice that is not paid.
CREATE UNIQUE INDEX idx_bot_payments_invoice ON bot_payments(order_id) WHERE provider = 'stars' AND outside_id IS NULL;
CREATE INDEX idx_bot_payments_unlisted ON bot_payments(id)
  WHERE provider = 'stars' AND state = 'succeeded' AND listed_at IS NULL;

-- stars: when it was seen among the bot's transactions
ALTER TABLE bot_refunds ADD COLUMN listed_at TIMESTAMPTZ;

-- How many of the smallest unit, which the books count in, are one of what the other tables count in.
CREATE FUNCTION money_unit(p_currency TEXT) RETURNS INTEGER AS $$
  SELECT CASE p_currency WHEN 'XTR' THEN 1 ELSE 100 END
$$ LANGUAGE sql IMMUTABLE;

-- As before, but the sum of stars is how many they are, and the word says that they are stars.
CREATE OR REPLACE FUNCTION refund_news(p_refund BIGINT, p_kind TEXT) RETURNS BIGINT AS $$
  SELECT news_add(o.chat_id, p_kind, o.id, (r.amount * money_unit(p.received_currency))::bigint,
    r.why || CASE p.received_currency WHEN 'XTR' THEN ' XTR' ELSE '' END)
  FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id JOIN orders o ON o.id = p.order_id WHERE r.id = p_refund
$$ LANGUAGE sql;

-- How far the list of a bot's transactions was read: it only grows, at its end.
CREATE TABLE star_lists (
  bot_id BIGINT PRIMARY KEY,
  seen BIGINT NOT NULL,                 -- so many of them
  looked_at TIMESTAMPTZ NOT NULL        -- when its end was last reached
);
COMMENT ON TABLE star_lists IS 'one row a bot, kept for ever';

-- What can be paid no more has no invoice any more: its order was paid in another way, or is not wanted.
CREATE FUNCTION order_ends_invoice() RETURNS trigger AS $$
BEGIN
  UPDATE bot_payments SET state = 'canceled', ended_at = now()
  WHERE order_id = NEW.id AND provider = 'stars' AND state IN ('creating', 'pending');
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER order_ends_invoice AFTER UPDATE OF status ON orders FOR EACH ROW
  WHEN (OLD.status = 'awaiting' AND NEW.status <> 'awaiting') EXECUTE FUNCTION order_ends_invoice();

-- … also when its other payment came to nothing: it is shown as canceled then, and may be ordered anew.
CREATE FUNCTION payment_ends_invoice() RETURNS trigger AS $$
BEGIN
  UPDATE bot_payments SET state = 'canceled', ended_at = now() WHERE order_id = NEW.order_id
    AND provider = 'stars' AND outside_id IS NULL AND state IN ('creating', 'pending');
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER payment_ends_invoice AFTER UPDATE OF state ON bot_payments FOR EACH ROW
  WHEN (NEW.provider = 'yookassa' AND NEW.state = 'failed' AND OLD.state <> 'failed' AND NEW.order_id IS NOT NULL)
  EXECUTE FUNCTION payment_ends_invoice();

-- The payment whose invoice has this payload; NULL: none of ours.
CREATE FUNCTION stars_invoice(p_payload TEXT) RETURNS BIGINT AS $$
  SELECT id FROM bot_payments WHERE provider = 'stars' AND key = split_part(p_payload, ':', 2)
    AND order_id::text = split_part(p_payload, ':', 1)
$$ LANGUAGE sql STABLE;

-- May this be paid? Asked right before Telegram takes the stars: ok | unknown | paid | over | changed. And the language
-- of who is asked for them; NULL: not known.
CREATE FUNCTION stars_may(p_payload TEXT, p_payer BIGINT, p_amount DECIMAL, p_currency TEXT, OUT answer TEXT,
                          OUT lang TEXT) AS $$
  SELECT CASE WHEN o.id IS NULL THEN 'unknown' WHEN o.status = 'paid' THEN 'paid'
      WHEN o.status <> 'awaiting' OR o.avatar_id IS NULL OR o.user_id IS NULL OR p.outside_id IS NOT NULL
        OR p.state NOT IN ('creating', 'pending') THEN 'over'
      WHEN p.asked <> p_amount OR p.currency <> p_currency THEN 'changed' ELSE 'ok' END,
    (SELECT s.lang FROM bot_sessions s WHERE s.chat_id = p_payer)
  FROM (SELECT stars_invoice(p_payload) AS id) i LEFT JOIN bot_payments p ON p.id = i.id
  LEFT JOIN orders o ON o.id = p.order_id AND o.chat_id = p_payer
$$ LANGUAGE sql STABLE;

-- Stars came, says an update or the list of transactions; any number of times. What that means is said by
-- settle_payment; here the payment gets its name, by the payload of its invoice. Stars that come for an invoice that was
-- paid already are another payment of the same order. Locks as the settlement does.
CREATE FUNCTION stars_paid(p_charge TEXT, p_payload TEXT, p_payer BIGINT, p_amount DECIMAL, p_currency TEXT,
                           p_kinds TEXT[], p_accounts TEXT[], p_amounts BIGINT[], OUT outcome TEXT, OUT news BIGINT)
AS $$
DECLARE
  invoice bot_payments;
BEGIN
  SELECT * INTO invoice FROM bot_payments WHERE id = stars_invoice(p_payload);
  PERFORM 1 FROM users WHERE id = (SELECT user_id FROM orders WHERE id = invoice.order_id) FOR KEY SHARE;
  PERFORM 1 FROM avatars WHERE id = (SELECT avatar_id FROM orders WHERE id = invoice.order_id) FOR NO KEY UPDATE;
  PERFORM 1 FROM orders WHERE id = invoice.order_id FOR UPDATE;
  IF FOUND AND NOT EXISTS (SELECT 1 FROM bot_payments WHERE provider = 'stars' AND outside_id = p_charge) THEN
    UPDATE bot_payments SET outside_id = p_charge, payer = p_payer WHERE id = invoice.id AND outside_id IS NULL;
    IF NOT FOUND THEN
      INSERT INTO bot_payments (provider, outside_id, payer, state, asked, currency, order_id, user_id, created_at_ms)
      SELECT 'stars', p_charge, p_payer, 'pending', invoice.asked, invoice.currency, o.id, o.user_id,
        (extract(epoch FROM now()) * 1000)::bigint FROM orders o WHERE o.id = invoice.order_id;
    END IF;
  END IF;
  SELECT s.outcome, s.news INTO outcome, news FROM settle_payment('stars', p_charge, 'succeeded', TRUE, p_amount, NULL,
    p_currency, invoice.order_id, NULL, NULL, NULL, p_kinds, p_accounts, p_amounts) s;
  UPDATE bot_payments SET payer = p_payer WHERE provider = 'stars' AND outside_id = p_charge AND payer IS NULL;
END $$ LANGUAGE plpgsql;

-- Stars went back, says Telegram. p_sold, p_held: the accounts of the movement if they were earned, and if not. FALSE: no
-- such stars came, or they went back before.
CREATE FUNCTION stars_given_back(p_charge TEXT, p_amount DECIMAL, p_kinds TEXT[], p_sold TEXT[], p_held TEXT[],
                                 p_amounts BIGINT[]) RETURNS BOOLEAN AS $$
  SELECT b.done FROM bot_payments p, LATERAL payment_given_back(p.id, p_amount, p_kinds,
    CASE WHEN EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id)
      THEN p_sold ELSE p_held END, p_amounts) b
  WHERE p.provider = 'stars' AND p.outside_id = p_charge
$$ LANGUAGE sql;
