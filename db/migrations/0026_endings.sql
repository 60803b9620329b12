-- What a chat is to hear of a payment says which ending it is, so that it is told as what it is after a restart, too. The
-- word of 'payment_settled' is NULL when all went as it should, or
--   late       … though its order was canceled, or its payment had ended: the set is made all the same
--   double, avatar                its refund is owed, as bot_refunds.why
--   sum, order, shop, test        it is held, as bot_payments.held
--   forgotten  the set that was paid went with its avatar before it was made
-- and that of 'payment_failed', like the reason of such a payment, may be 'foreign': what was found is not ours.

-- As before, but for the words of its news, and the reason of what is foreign; what is given is said by order_give, and a
-- pack is earned set by set (pack_give).
--
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
CREATE OR REPLACE FUNCTION settle_payment(p_provider TEXT, p_payment TEXT, p_status TEXT, p_paid BOOLEAN, p_amount DECIMAL,
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
      reason = CASE outcome WHEN 'canceled' THEN p_reason ELSE outcome END, ended_at = now() WHERE id = paid.id;
    UPDATE orders SET status = 'canceled' WHERE id = sold.id AND status = 'awaiting' AND outcome = 'canceled';
    UPDATE payments SET status = 'canceled', updated_at = now() WHERE yookassa_payment_id = p_payment;
    news := news_add(sold.chat_id, CASE outcome WHEN 'foreign' THEN 'payment_failed' ELSE 'payment_canceled' END,
      sold.id, 0, CASE outcome WHEN 'canceled' THEN p_reason ELSE outcome END);
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
    job := order_give(sold);
    IF sold.sets > 1 THEN
      PERFORM pack_give(sold, paid.id, (p_amount * money_unit(p_currency))::bigint, p_currency, p_kinds, p_accounts, p_amounts);
    ELSE
      PERFORM ledger_post('sale', paid.id, p_currency, p_kinds, p_accounts, p_amounts);
    END IF;
  END IF;
  IF due IS NOT NULL THEN
    INSERT INTO bot_refunds (payment_id, why, amount) VALUES (paid.id, due, p_amount);
  END IF;
  outcome := CASE WHEN odd IS NOT NULL THEN 'held' WHEN due IS NOT NULL THEN 'owed' ELSE 'settled' END;
  IF odd IS DISTINCT FROM 'sum' OR paid.held IS NULL THEN -- an older version told of the sum before it was known
    news := news_add(sold.chat_id, 'payment_settled', sold.id, COALESCE(job, 0), COALESCE(odd, due,
      CASE WHEN sold.status = 'canceled' OR paid.state IN ('canceled', 'failed') THEN 'late' END));
  END IF;
END $$ LANGUAGE plpgsql;

-- As before, but for the word of its news; and a set that came out of a balance goes back there, if its user is there.
CREATE OR REPLACE FUNCTION job_forgotten() RETURNS trigger SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE bot_payments p SET held = 'avatar' WHERE order_id = OLD.order_id AND state = 'succeeded' AND held IS NULL
    AND NOT EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = p.id);
  IF FOUND THEN
    PERFORM news_add(OLD.chat_id, 'payment_settled', OLD.order_id, 0, 'forgotten');
  ELSE
    INSERT INTO set_grants (user_id, sets, unused)
    SELECT u.id, 1, 1 FROM orders o JOIN users u ON u.id = o.user_id
    WHERE o.id = OLD.order_id AND o.grant_id IS NOT NULL;
    IF FOUND THEN
      PERFORM news_add(OLD.chat_id, 'sets_given', 1, 0, NULL);
    END IF;
  END IF;
  RETURN OLD;
END $$ LANGUAGE plpgsql;
