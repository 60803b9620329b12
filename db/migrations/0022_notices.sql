-- Receipts that go with a payment (54-FZ): YooKassa says that it has one registered, or that the cash register refused it.
-- Until then it is followed. Whether a payment has such a receipt is what YooKassa was asked, not what the configuration
-- says when the money comes.
CREATE FUNCTION receipt_asked(p_body TEXT) RETURNS TEXT AS $$
  SELECT CASE WHEN p_body LIKE '%"receipt":{%' THEN 'pending' END
$$ LANGUAGE sql IMMUTABLE;

ALTER TABLE bot_payments ADD COLUMN receipt TEXT CHECK (receipt IN ('pending', 'succeeded', 'canceled'));
UPDATE bot_payments SET receipt = receipt_asked(body) WHERE state IN ('creating', 'pending');
CREATE INDEX idx_bot_payments_receipt ON bot_payments(ended_at)
  WHERE state = 'succeeded' AND receipt IN ('pending', 'canceled');

CREATE FUNCTION receipt_begins() RETURNS trigger AS $$
BEGIN
  NEW.receipt := receipt_asked(NEW.body);
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER receipt_begins BEFORE INSERT ON bot_payments
  FOR EACH ROW WHEN (NEW.receipt IS NULL) EXECUTE FUNCTION receipt_begins();

-- The money came: its receipt is due. Most are registered within seconds.
CREATE FUNCTION receipt_due() RETURNS trigger AS $$
BEGIN
  INSERT INTO errands (chore, subject, outside, not_before)
  VALUES ('receipt_watch', NEW.id, NEW.outside_id, now() + interval '20 s') ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER receipt_due AFTER UPDATE OF state ON bot_payments
  FOR EACH ROW WHEN (NEW.state = 'succeeded' AND OLD.state <> 'succeeded' AND NEW.receipt = 'pending'
    AND NEW.provider = 'yookassa') EXECUTE FUNCTION receipt_due();

-- A receipt is missing, and the owner has not heard of it: the look through the books is due. In an outage one is late
-- after the other: they are told together, once an hour.
CREATE FUNCTION receipt_missed(p_id BIGINT) RETURNS BOOLEAN AS $$
BEGIN
  UPDATE errands SET not_before = LEAST(not_before, (SELECT GREATEST(now(), max(found_at) + interval '1 hour')
    FROM money_oddities WHERE question = 'receipts'))
  WHERE chore = 'money_audit' AND subject = 'all' AND state = 'waiting'
    AND NOT EXISTS (SELECT 1 FROM money_oddities WHERE question = 'receipts' AND subject = p_id::text);
  RETURN FOUND;
END $$ LANGUAGE plpgsql;

-- What YooKassa says of the receipt of a payment that has succeeded; once it is registered or refused, that is its end.
-- Nobody need look any more, unless somebody is just looking. TRUE: the look through the books is due.
CREATE FUNCTION receipt_seen(p_payment TEXT, p_receipt TEXT) RETURNS BOOLEAN AS $$
DECLARE
  seen BIGINT;
BEGIN
  UPDATE bot_payments SET receipt = p_receipt
  WHERE provider = 'yookassa' AND outside_id = p_payment AND state = 'succeeded' AND receipt = 'pending'
    AND p_receipt IN ('succeeded', 'canceled') RETURNING id INTO seen;
  IF seen IS NULL THEN
    RETURN FALSE;
  END IF;
  DELETE FROM errands WHERE chore = 'receipt_watch' AND subject = seen::text AND lease_token IS NULL;
  RETURN p_receipt = 'canceled' AND receipt_missed(seen);
END $$ LANGUAGE plpgsql;
