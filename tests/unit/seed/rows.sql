-- A database that has lived with the given schema for a while, with the oddities such databases have.
INSERT INTO users (device_id, telegram_user_id, created_at) VALUES
  ('web-1', NULL, '2024-01-02 03:04:05'), ('tg:100', 100, '2024-02-29 23:59:59.999'), ('tg:2147483647', 2147483647, NOW()),
  ('Ünïcödé «ёж» 📷', NULL, NULL), ('web-2', NULL, '2025-03-30 02:30:00');
INSERT INTO avatars (user_id, name, status, thumbnail_url) VALUES
  (1, 'Анна', 'ready', 'https://example.com/1.jpg'), (2, DEFAULT, DEFAULT, NULL), (2, 'O''Neil "x" \ <b>', 'processing', ''),
  (3, NULL, NULL, NULL), (3, 'earlier word', 'archived', NULL);
INSERT INTO reference_photos (avatar_id, image_url) SELECT 1, 'https://example.com/r' || n FROM generate_series(1, 20) n;
INSERT INTO generated_photos (avatar_id, style_id, prompt, image_url)
  SELECT 1, 'professional', 'prompt ' || n, 'https://example.com/g' || n FROM generate_series(1, 23) n;
INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, completed_photos, error_message) VALUES
  (1, 'professional', 'completed', 23, 23, NULL), (2, 'lifestyle', 'failed', 23, 4, 'provider'), (2, 'creative', 'pending', 7, 0, NULL),
  (3, 'creative', NULL, NULL, NULL, NULL), (3, 'creative', 'queued', 23, 0, NULL);
INSERT INTO payments (user_id, yookassa_payment_id, amount, currency, status) VALUES
  (1, '2419a771-000f-5000-9000-1edaf29243f2', 500.00, 'RUB', 'succeeded'), (2, '2', 0.01, NULL, 'canceled'), (2, '3', 99999999.99, 'RUB', 'pending'),
  (3, '4', 500, 'RUB', 'expired'), (3, '5', 500, 'RUB', NULL);
INSERT INTO referral_codes (user_id, code, is_active) VALUES (1, 'ABC234', TRUE), (1, 'XYZ789', FALSE), (2, 'lower', NULL);
INSERT INTO referrals (referrer_id, referred_id, referral_code) VALUES (1, 2, 'ABC234'), (1, 3, 'ABC234'), (2, 3, 'lower');
INSERT INTO referral_balances (user_id, balance, total_earned, total_withdrawn, referrals_count) VALUES
  (1, 50.00, 5050.00, 5000.00, 2), (2, DEFAULT, DEFAULT, DEFAULT, DEFAULT), (3, NULL, NULL, NULL, NULL);
INSERT INTO referral_withdrawals (user_id, amount, ndfl_amount, payout_amount, status, payout_method, card_number, phone, recipient_name, processed_at) VALUES
  (1, 5000, 650, 4350, 'completed', 'card', '4111111111111111', NULL, 'Анна Ёжикова', NOW()), (1, 5000, 650, 4350, DEFAULT, 'sbp', NULL, '+79990000000', 'A', NULL),
  (2, 1, 0.13, 0.87, 'approved', 'crypto', NULL, NULL, 'earlier words', NULL);
DELETE FROM users WHERE device_id = 'web-2';
