-- Why a payment could not be made, or ended without money, in the words of db/words.c: what is said of it depends on
-- it, also after a restart. NULL = not told.
ALTER TABLE orders ADD COLUMN payment_reason TEXT;

DROP FUNCTION payment_canceled(TEXT);
-- The payment ended without money. FALSE if it had ended before.
CREATE FUNCTION payment_canceled(p_payment TEXT, p_reason TEXT) RETURNS BOOLEAN AS $$
BEGIN
  UPDATE orders SET payment_state = 'canceled', payment_reason = p_reason, poll_at_ms = NULL,
    status = CASE status WHEN 'awaiting' THEN 'canceled' ELSE status END
  WHERE payment_id = p_payment AND payment_state = 'pending';
  IF NOT FOUND THEN
    RETURN FALSE;
  END IF;
  UPDATE payments SET status = 'canceled', updated_at = now()
  WHERE yookassa_payment_id = p_payment AND status = 'pending';
  RETURN TRUE;
END $$ LANGUAGE plpgsql;

-- Sent as a photo, not as a file: only then Telegram shows it by its file_id.
ALTER TABLE photo_intake ADD COLUMN as_photo BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE held_photos ADD COLUMN as_photo BOOLEAN NOT NULL DEFAULT FALSE;
