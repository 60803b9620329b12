-- The books, and one settlement for all who see money.
--
-- The books are double entry: a transaction is one movement of money in one currency, its postings say by how much it
-- changes which account, and they sum to zero. They are added to and never changed: what was wrong is mended by another
-- transaction. UNIQUE (kind, subject) is what makes every movement happen once, whoever says it and how often. Which
-- accounts a movement touches is said in core/ledger.c and nowhere here, but for the rows that a shop has already.
--
-- Amounts are BIGINT, in the smallest unit of the currency (kopecks; Telegram's stars have no other): the daemon's own
-- type, with no fraction to be rounded and none to be typed by mistake; sums of it are exact, and have no largest one.

CREATE TABLE ledger_transactions (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('payment', 'sale', 'release', 'refund', 'earning', 'payout')),
  subject BIGINT NOT NULL,              -- payment, sale, release: the id in bot_payments; refund: in bot_refunds
  currency TEXT NOT NULL,
  posted_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (kind, subject)
);

CREATE TABLE ledger_postings (
  transaction_id BIGINT NOT NULL REFERENCES ledger_transactions(id),
  account TEXT NOT NULL CHECK (
    account ~ '^((clearing|fees):[a-z]+|(credit|referral):[0-9]+|held|revenue|refunds|rewards|tax)$'),
  amount BIGINT NOT NULL CHECK (amount <> 0), -- positive: what is ours grows; negative: what we owe, or earned
  PRIMARY KEY (transaction_id, account)
);
CREATE INDEX idx_ledger_postings_account ON ledger_postings(account);

-- ---- payments know more, and what is owed back ---------------------------------------------------------------------

ALTER TABLE bot_payments
  ADD COLUMN shop TEXT,                 -- whose payment it must be, at the provider; NULL: not known (from before)
  ADD COLUMN test BOOLEAN,              -- is that a test shop, whose money is none? NULL: not known
  ADD COLUMN income DECIMAL(10, 2),     -- what the provider's fee left of received; NULL: not told
  DROP CONSTRAINT bot_payments_held_check,
  -- Besides those of before:
  --   shop    of another shop than was asked
  --   test    play money where real money was asked, or the other way round
  --   double  its order was paid by another payment: to be given back
  ADD CONSTRAINT bot_payments_held_check
    CHECK (held IN ('sum', 'order', 'shop', 'test', 'double', 'avatar', 'nobody', 'lost'));

-- Money that is to go back. Written in the transaction that decided it, once for each payment and reason.
CREATE TABLE bot_refunds (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payment_id BIGINT NOT NULL REFERENCES bot_payments(id),
  why TEXT NOT NULL CHECK (why IN ('double', 'avatar', 'person')), -- person: who looked at it
  amount DECIMAL(10, 2) NOT NULL CHECK (amount > 0),
  state TEXT NOT NULL DEFAULT 'owed' CHECK (state IN ('owed', 'succeeded')),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (payment_id, why)
);
CREATE INDEX idx_bot_refunds_owed ON bot_refunds(id) WHERE state = 'owed';

-- What the look through the books found, and whether the owner heard of it.
CREATE TABLE money_oddities (
  question TEXT NOT NULL,               -- its name in db/audit.c
  subject TEXT NOT NULL,
  told BOOLEAN NOT NULL DEFAULT FALSE,
  found_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (question, subject)
);
INSERT INTO errands (chore, subject) VALUES ('money_audit', 'all');

-- ---- the books of a shop that has sold already -----------------------------------------------------------------------

-- All money that came; the fees are not known. What a person has looked at, or was given something for, was earned.
INSERT INTO ledger_transactions (kind, subject, currency, posted_at)
SELECT 'payment', id, received_currency, COALESCE(ended_at, now()) FROM bot_payments
WHERE state = 'succeeded' AND received > 0 ORDER BY id;
INSERT INTO ledger_transactions (kind, subject, currency, posted_at)
SELECT 'sale', id, received_currency, COALESCE(ended_at, now()) FROM bot_payments
WHERE state = 'succeeded' AND received > 0 AND held IS NULL ORDER BY id;
INSERT INTO ledger_postings (transaction_id, account, amount)
SELECT t.id, l.account, l.sign * p.received * 100
FROM ledger_transactions t JOIN bot_payments p ON p.id = t.subject,
LATERAL (VALUES ('payment', 'clearing:' || p.provider, 1), ('payment', 'held', -1), ('sale', 'held', 1),
  ('sale', 'revenue', -1)) AS l(kind, account, sign)
WHERE l.kind = t.kind;

-- ---- the guards ------------------------------------------------------------------------------------------------------

-- Looked at when the transaction is committed. Later additions to a movement would change what it was.
CREATE FUNCTION ledger_balances() RETURNS trigger AS $$
DECLARE
  moved BIGINT;
BEGIN
  IF TG_TABLE_NAME = 'ledger_postings' THEN
    moved := NEW.transaction_id;
  ELSE
    moved := NEW.id;
  END IF;
  IF NOT COALESCE((SELECT sum(p.amount) = 0 AND bool_and(t.posted_at = now()) FROM ledger_transactions t
      JOIN ledger_postings p ON p.transaction_id = t.id WHERE t.id = moved), FALSE) THEN
    RAISE EXCEPTION 'movement % of money does not sum to zero, or was made another time', moved
      USING ERRCODE = 'FB004';
  END IF;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON ledger_transactions DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_balances();
CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON ledger_postings DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_balances();

CREATE FUNCTION ledger_stays() RETURNS trigger AS $$
BEGIN
  RAISE EXCEPTION 'the books are only added to: no % of %', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'FB005', HINT = 'what was wrong is mended by another transaction';
END $$ LANGUAGE plpgsql;
CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_stays();
CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_postings
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_stays();

-- Also for replication's sessions, and for the owner, who would have to mean it. The foreign key of a posting locks its
-- transaction as the owner, which wants the right to change any one column: that of the id, which can't be changed.
ALTER TABLE ledger_transactions ENABLE ALWAYS TRIGGER ledger_balances, ENABLE ALWAYS TRIGGER ledger_stays;
ALTER TABLE ledger_postings ENABLE ALWAYS TRIGGER ledger_balances, ENABLE ALWAYS TRIGGER ledger_stays;
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transactions, ledger_postings FROM CURRENT_USER, PUBLIC;
GRANT UPDATE (id) ON ledger_transactions TO CURRENT_USER;

-- ---- the functions ---------------------------------------------------------------------------------------------------

-- One movement, of those that were planned (core/ledger.c): a row an account. A second one of the same subject is
-- refused (23505).
CREATE FUNCTION ledger_post(p_kind TEXT, p_subject BIGINT, p_currency TEXT, p_kinds TEXT[], p_accounts TEXT[],
                            p_amounts BIGINT[]) RETURNS void AS $$
  WITH moved AS (
    INSERT INTO ledger_transactions (kind, subject, currency) VALUES (p_kind, p_subject, p_currency) RETURNING id)
  INSERT INTO ledger_postings (transaction_id, account, amount)
  SELECT moved.id, plan.account, plan.amount
  FROM moved, unnest(p_kinds, p_accounts, p_amounts) AS plan(kind, account, amount) WHERE plan.kind = p_kind
$$ LANGUAGE sql;

DROP FUNCTION settle_payment(TEXT, DECIMAL, TEXT);
DROP FUNCTION payment_canceled(TEXT, TEXT);
DROP FUNCTION payment_not_ours(BIGINT);
-- What a provider says of a payment becomes true here: THE settlement, whoever saw it and how often; once, in one
-- transaction. Everything that was said is compared with what was asked. A payment's state only goes forward: creating,
-- pending, then canceled, or failed if it is not about our order; from any of them to succeeded, however late; and from
-- there nowhere. Money that came stands in the books, whatever becomes of it:
--   settled  its order is paid, and exactly one job with its tasks exists
--   held     it is not as it was asked: nothing is given, a person must look
--   unknown  no order has it: the same
--   owed     nothing can be given for it: the order was paid already, or its avatar is gone. Its refund is owed, once
-- Without money: canceled, foreign (another order's, and failed here), pending (nothing to do yet), unknown.
-- already: it succeeded, or ended, earlier; job is what it gave.
-- A payment whose name was lost on its way to us is known by its order, if nothing else speaks against it.
CREATE FUNCTION settle_payment(p_provider TEXT, p_payment TEXT, p_status TEXT, p_paid BOOLEAN, p_amount DECIMAL,
                               p_income DECIMAL, p_currency TEXT, p_order BIGINT, p_shop TEXT, p_test BOOLEAN,
                               p_reason TEXT, p_kinds TEXT[], p_accounts TEXT[], p_amounts BIGINT[],
                               OUT outcome TEXT, OUT settled_order BIGINT, OUT chat BIGINT, OUT job INTEGER,
                               OUT news BIGINT) AS $$
DECLARE
  came CONSTANT BOOLEAN := p_status = 'succeeded' AND p_paid;
  paid bot_payments;
  sold orders;
  odd TEXT;
  due TEXT;
BEGIN
  SELECT order_id INTO settled_order FROM bot_payments WHERE provider = p_provider AND outside_id = p_payment;
  IF NOT FOUND AND came THEN
    SELECT order_id INTO settled_order FROM bot_payments WHERE provider = p_provider AND order_id = p_order
      AND outside_id IS NULL AND asked = p_amount AND currency = p_currency;
  END IF;
  PERFORM 1 FROM users WHERE id = (SELECT user_id FROM orders WHERE id = settled_order) FOR KEY SHARE;
  PERFORM 1 FROM avatars WHERE id = (SELECT avatar_id FROM orders WHERE id = settled_order) FOR NO KEY UPDATE;
  SELECT * INTO sold FROM orders WHERE id = settled_order FOR UPDATE;
  chat := sold.chat_id;
  SELECT * INTO paid FROM bot_payments WHERE provider = p_provider
    AND (outside_id = p_payment OR (outside_id IS NULL AND order_id = settled_order))
  ORDER BY outside_id LIMIT 1 FOR UPDATE;

  IF paid.order_id IS NULL THEN
    outcome := 'unknown';
    IF came THEN
      INSERT INTO bot_payments (provider, outside_id, state, asked, currency, received, received_currency, income,
        created_at_ms, ended_at, held)
      VALUES (p_provider, p_payment, 'succeeded', p_amount, p_currency, p_amount, p_currency, p_income,
        (extract(epoch FROM now()) * 1000)::bigint, now(), 'nobody')
      ON CONFLICT DO NOTHING RETURNING * INTO paid;
      IF FOUND THEN
        PERFORM ledger_post('payment', paid.id, p_currency, p_kinds, p_accounts, p_amounts);
      END IF;
    END IF;
    RETURN;
  END IF;

  IF paid.state = 'succeeded' THEN
    outcome := CASE WHEN paid.held IS NULL THEN 'already'
      WHEN EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = paid.id) THEN 'owed' ELSE 'held' END;
    SELECT id INTO job FROM generation_jobs WHERE order_id = sold.id AND paid.held IS NULL;
    RETURN;
  END IF;

  odd := CASE WHEN p_order IS DISTINCT FROM paid.order_id THEN 'order' WHEN p_shop <> paid.shop THEN 'shop'
    WHEN p_test <> paid.test THEN 'test' END;
  IF NOT came THEN
    outcome := CASE WHEN paid.state <> 'pending' THEN 'already' WHEN odd IS NOT NULL THEN 'foreign'
      WHEN p_status = 'canceled' THEN 'canceled' ELSE 'pending' END;
    IF outcome NOT IN ('foreign', 'canceled') THEN
      RETURN;
    END IF;
    UPDATE bot_payments SET state = CASE outcome WHEN 'foreign' THEN 'failed' ELSE 'canceled' END, held = odd,
      reason = CASE outcome WHEN 'canceled' THEN p_reason END, ended_at = now() WHERE id = paid.id;
    UPDATE orders SET status = 'canceled' WHERE id = sold.id AND status = 'awaiting' AND outcome = 'canceled';
    UPDATE payments SET status = 'canceled', updated_at = now() WHERE yookassa_payment_id = p_payment;
    news := news_add(sold.chat_id, CASE outcome WHEN 'foreign' THEN 'payment_failed' ELSE 'payment_canceled' END,
      sold.id, 0, CASE outcome WHEN 'canceled' THEN p_reason END);
    RETURN;
  END IF;

  IF odd IS NULL AND (p_amount <> paid.asked OR p_currency <> paid.currency) THEN
    odd := 'sum';
  END IF;
  IF odd IS NULL THEN
    due := CASE WHEN sold.status = 'paid' THEN 'double' WHEN sold.avatar_id IS NULL THEN 'avatar' END;
  END IF;
  UPDATE bot_payments SET state = 'succeeded', outside_id = p_payment, received = p_amount,
    received_currency = p_currency, income = p_income, ended_at = now(), reason = NULL, held = COALESCE(odd, due)
  WHERE id = paid.id;
  PERFORM ledger_post('payment', paid.id, p_currency, p_kinds, p_accounts, p_amounts);
  UPDATE payments SET status = 'succeeded', amount = p_amount, currency = left(p_currency, 3), updated_at = now()
  WHERE yookassa_payment_id = p_payment;
  IF NOT FOUND AND p_provider = 'yookassa' AND paid.user_id IS NOT NULL THEN
    INSERT INTO payments (user_id, yookassa_payment_id, amount, currency, status)
    VALUES (paid.user_id, p_payment, p_amount, left(p_currency, 3), 'succeeded');
  END IF;
  IF odd IS NULL THEN
    UPDATE orders SET status = 'paid', paid_at = now() WHERE id = sold.id AND status <> 'paid';
  END IF;
  IF COALESCE(odd, due) IS NULL THEN
    INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, order_id, chat_id)
    VALUES (sold.avatar_id, sold.style_id, 'pending', sold.photo_count, sold.id, sold.chat_id) RETURNING id INTO job;
    INSERT INTO photo_tasks (job_id, index, prompt, recipe)
    SELECT job, i, sold.prompts[1 + i % cardinality(sold.prompts)], sold.recipes[1 + i % cardinality(sold.recipes)]
    FROM generate_series(0, sold.photo_count - 1) i;
    UPDATE avatars SET status = 'processing', updated_at = now() WHERE id = sold.avatar_id;
    PERFORM ledger_post('sale', paid.id, p_currency, p_kinds, p_accounts, p_amounts);
  END IF;
  IF due IS NOT NULL THEN
    INSERT INTO bot_refunds (payment_id, why, amount) VALUES (paid.id, due, p_amount);
  END IF;
  outcome := CASE WHEN odd IS NOT NULL THEN 'held' WHEN due IS NOT NULL THEN 'owed' ELSE 'settled' END;
  IF odd IS DISTINCT FROM 'sum' OR paid.held IS NULL THEN -- an older version told of the sum before it was known
    news := news_add(sold.chat_id, 'payment_settled', sold.id, COALESCE(job, 0), NULL);
  END IF;
END $$ LANGUAGE plpgsql;

-- A person gave all of it back, in the provider's cabinet: what was owed is done, and nobody need look any more. FALSE: it
-- did not come, came as another sum, or went back earlier.
CREATE FUNCTION payment_given_back(p_id BIGINT, p_amount DECIMAL, p_kinds TEXT[], p_accounts TEXT[],
                                   p_amounts BIGINT[], OUT done BOOLEAN) AS $$
DECLARE
  paid bot_payments;
  refund BIGINT;
BEGIN
  SELECT * INTO paid FROM bot_payments WHERE id = p_id AND state = 'succeeded' AND received = p_amount FOR UPDATE;
  done := FOUND AND NOT EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = p_id AND state = 'succeeded');
  IF NOT done THEN
    RETURN;
  END IF;
  UPDATE bot_refunds SET state = 'succeeded' WHERE payment_id = p_id AND state = 'owed' RETURNING id INTO refund;
  IF NOT FOUND THEN
    INSERT INTO bot_refunds (payment_id, why, amount, state) VALUES (p_id, 'person', p_amount, 'succeeded')
    RETURNING id INTO refund;
  END IF;
  PERFORM ledger_post('refund', refund, paid.received_currency, p_kinds, p_accounts, p_amounts);
  UPDATE bot_payments SET held = NULL WHERE id = p_id;
END $$ LANGUAGE plpgsql;

-- As before; but of what went back already nobody hears any more when the set goes.
CREATE OR REPLACE FUNCTION job_forgotten() RETURNS trigger SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE bot_payments p SET held = 'avatar' WHERE order_id = OLD.order_id AND state = 'succeeded' AND held IS NULL
    AND NOT EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = p.id);
  IF FOUND THEN
    PERFORM news_add(OLD.chat_id, 'payment_settled', OLD.order_id, 0, NULL);
  END IF;
  RETURN OLD;
END $$ LANGUAGE plpgsql;

COMMENT ON TABLE ledger_transactions IS 'kept for ever: the database refuses to change or delete them';
COMMENT ON TABLE ledger_postings IS 'as ledger_transactions';
COMMENT ON TABLE bot_refunds IS 'kept for ever, with their payment';
COMMENT ON TABLE money_oddities IS 'deleted by the look that does not find it any more (db/audit.c)';
