-- Receipts of the self-employed: the shop's owner registers what was earned with the tax service, which knows no
-- repetition from another sale. So what is asked of it is written down first, and what became of it is looked for before
-- it is asked again.

-- Whose receipt a payment has is decided when the payment is asked for: the request to YooKassa says in the same breath
-- whether that side makes one. So there is exactly one, whatever the configuration says when the money comes. What is
-- there is the name of what was sold, as the tax service's receipt shows it; NULL: it is not for us to register.
ALTER TABLE bot_payments ADD COLUMN npd_item TEXT CHECK (char_length(npd_item) BETWEEN 1 AND 200);

-- One row for each payment that was earned, and its errand. `due` is kept in the row, so that whoever ends a step sees
-- what was refunded meanwhile.
CREATE TABLE npd_receipts (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payment_id BIGINT NOT NULL UNIQUE REFERENCES bot_payments(id),
  sold_at TIMESTAMPTZ NOT NULL DEFAULT date_trunc('second', now()), -- when the money came, as the receipt says
  due DECIMAL(10, 2) NOT NULL CHECK (due >= 0), -- what is to stand there: what came, less what went back
  registered DECIMAL(10, 2) NOT NULL DEFAULT 0 CHECK (registered >= 0), -- what does
  since TIMESTAMPTZ NOT NULL DEFAULT now(), -- when the two began to differ last
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before TIMESTAMPTZ DEFAULT now(), -- when it is to be looked at; NULL: all is as it should be
  lease_token TEXT,
  lease_until TIMESTAMPTZ,
  worker TEXT,
  error TEXT                            -- why it is not done yet
);
CREATE INDEX idx_npd_receipts_open ON npd_receipts(not_before) WHERE not_before IS NOT NULL;
CREATE INDEX idx_npd_receipts_leased ON npd_receipts(lease_until) WHERE lease_until IS NOT NULL;

-- Every income that was ever asked for: written before the call, and never changed but to say what became of it.
CREATE TABLE npd_incomes (
  receipt_id BIGINT NOT NULL REFERENCES npd_receipts(id),
  number INTEGER NOT NULL,
  amount DECIMAL(10, 2) NOT NULL CHECK (amount > 0),
  name TEXT NOT NULL,                   -- what was sold, and which payment and number: it is found by that
  inn TEXT NOT NULL,                    -- whose income it is
  state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'registered', 'canceled', 'void')), -- void: never was
  asked_at TIMESTAMPTZ NOT NULL DEFAULT now(), -- last
  uuid TEXT UNIQUE,                     -- the receipt's number over there
  registered_at TIMESTAMPTZ,
  canceled_at TIMESTAMPTZ,
  PRIMARY KEY (receipt_id, number),
  CHECK ((uuid IS NOT NULL) = (state IN ('registered', 'canceled')))
);
CREATE UNIQUE INDEX idx_npd_incomes_standing ON npd_incomes(receipt_id) WHERE state IN ('asked', 'registered');

-- ---- what makes one due ----------------------------------------------------------------------------------------------

-- What the books call a sale was earned; money that is held is not. Play money is no income.
CREATE FUNCTION npd_sold() RETURNS trigger AS $$
BEGIN
  INSERT INTO npd_receipts (payment_id, due) SELECT id, received FROM bot_payments
  WHERE id = NEW.subject AND npd_item IS NOT NULL AND test IS FALSE;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER npd_sold AFTER INSERT ON ledger_transactions FOR EACH ROW WHEN (NEW.kind = 'sale')
  EXECUTE FUNCTION npd_sold();

CREATE FUNCTION npd_refunded() RETURNS trigger AS $$
DECLARE
  kept DECIMAL;
BEGIN
  PERFORM 1 FROM npd_receipts WHERE payment_id = NEW.payment_id FOR UPDATE; -- whoever comes second sees both
  SELECT GREATEST(0, p.received - sum(r.amount)) INTO kept FROM bot_payments p
  JOIN bot_refunds r ON r.payment_id = p.id AND r.state = 'succeeded' WHERE p.id = NEW.payment_id GROUP BY p.id;
  UPDATE npd_receipts SET due = kept, not_before = now(), attempts = 0,
    since = CASE WHEN due = registered THEN now() ELSE since END WHERE payment_id = NEW.payment_id AND due <> kept;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER npd_refunded AFTER INSERT OR UPDATE ON bot_refunds FOR EACH ROW WHEN (NEW.state = 'succeeded')
  EXECUTE FUNCTION npd_refunded();

-- ---- the errand: only the holder of the lease may say anything; done is FALSE for anybody else -----------------------

-- An income is about to be asked for, for the first time or once more.
CREATE FUNCTION npd_asked(p_id BIGINT, p_token TEXT, p_inn TEXT, OUT name TEXT, OUT amount DECIMAL) AS $$
DECLARE
  receipt npd_receipts;
BEGIN
  SELECT * INTO receipt FROM npd_receipts WHERE id = p_id AND lease_token = p_token FOR UPDATE;
  IF NOT FOUND OR (receipt.due = 0 AND NOT EXISTS (SELECT 1 FROM npd_incomes -- all of it went back meanwhile
      WHERE receipt_id = p_id AND state = 'asked')) THEN
    RETURN;
  END IF;
  UPDATE npd_incomes i SET asked_at = now() WHERE receipt_id = p_id AND state = 'asked'
  RETURNING i.name, i.amount INTO name, amount;
  IF NOT FOUND THEN
    INSERT INTO npd_incomes AS i (receipt_id, number, amount, inn, name)
    SELECT p_id, n.number, receipt.due, p_inn,
      p.npd_item || ', № ' || p.id || CASE WHEN n.number > 1 THEN '-' || n.number ELSE '' END
    FROM bot_payments p,
      LATERAL (SELECT COALESCE(max(o.number), 0) + 1 AS number FROM npd_incomes o WHERE o.receipt_id = p_id) n
    WHERE p.id = receipt.payment_id RETURNING i.name, i.amount INTO name, amount;
  END IF;
END $$ LANGUAGE plpgsql;

-- What became of it. p_state: registered (by this number), canceled, void; NULL: nothing. Its buyer hears of a receipt.
CREATE FUNCTION npd_ended(p_id BIGINT, p_token TEXT, p_state TEXT, p_uuid TEXT, OUT done BOOLEAN, OUT news BIGINT) AS $$
DECLARE
  receipt npd_receipts;
  income npd_incomes;
BEGIN
  SELECT * INTO receipt FROM npd_receipts WHERE id = p_id AND lease_token = p_token FOR UPDATE;
  done := FOUND;
  IF NOT done THEN
    RETURN;
  END IF;
  IF p_state IS NOT NULL THEN
    UPDATE npd_incomes SET state = p_state, uuid = CASE p_state WHEN 'canceled' THEN uuid ELSE p_uuid END,
      registered_at = CASE p_state WHEN 'registered' THEN now() ELSE registered_at END,
      canceled_at = CASE p_state WHEN 'canceled' THEN now() END
    WHERE receipt_id = p_id AND state IN ('asked', 'registered') RETURNING * INTO income;
    receipt.registered := CASE p_state WHEN 'registered' THEN income.amount ELSE 0 END;
  END IF;
  IF p_state = 'registered' THEN
    SELECT news_add(o.chat_id, 'receipt', o.id, (income.amount * 100)::bigint, income.inn || '/' || income.uuid)
    INTO news FROM bot_payments p JOIN orders o ON o.id = p.order_id WHERE p.id = receipt.payment_id;
  END IF;
  UPDATE npd_receipts SET registered = receipt.registered, lease_token = NULL, lease_until = NULL, attempts = 0,
    error = NULL, not_before = CASE WHEN due = receipt.registered THEN NULL ELSE now() END WHERE id = p_id;
END $$ LANGUAGE plpgsql;

-- Not now: again after p_wait_ms. p_failed: an attempt that counts; NULL: none was made. Whoever waits for five minutes
-- is looked at then, and if the owner has not heard of it, the look through the books is due: hurried.
CREATE FUNCTION npd_later(p_id BIGINT, p_token TEXT, p_wait_ms BIGINT, p_error TEXT, p_failed BOOLEAN,
                          OUT done BOOLEAN, OUT hurried BOOLEAN) AS $$
DECLARE
  receipt npd_receipts;
  late_at TIMESTAMPTZ;
BEGIN
  UPDATE npd_receipts SET lease_token = NULL, lease_until = NULL, error = p_error,
    attempts = CASE WHEN p_failed THEN attempts WHEN p_failed IS NULL THEN attempts - 1 ELSE 0 END,
    not_before = CASE WHEN since + interval '5 minutes' > now()
      THEN LEAST(now() + p_wait_ms * interval '1 millisecond', since + interval '301 s')
      ELSE now() + p_wait_ms * interval '1 millisecond' END
  WHERE id = p_id AND lease_token = p_token RETURNING * INTO receipt;
  done := FOUND;
  hurried := done AND receipt.since + interval '5 minutes' <= now()
    AND NOT EXISTS (SELECT 1 FROM money_oddities WHERE question = 'npd_late' AND subject = receipt.payment_id::text);
  IF hurried THEN -- in an outage one receipt after the other is late: they are told of together, once an hour
    SELECT GREATEST(now(), max(found_at) + interval '1 hour') INTO late_at FROM money_oddities
    WHERE question = 'npd_late';
    UPDATE errands SET not_before = LEAST(not_before, late_at)
    WHERE chore = 'money_audit' AND subject = 'all' AND state = 'waiting';
  END IF;
END $$ LANGUAGE plpgsql;

COMMENT ON TABLE npd_receipts IS 'kept for ever, with their payment';
COMMENT ON TABLE npd_incomes IS 'kept for ever, with their receipt';
