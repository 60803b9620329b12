-- The given schema of the shop, on an empty database and on one that has lived. Another application reads and writes
-- these tables beside the bot: no table or column is renamed, dropped or given another meaning, TIMESTAMP columns keep
-- the time zone of whoever writes them, and rows are left as they are.

CREATE TABLE IF NOT EXISTS users (
  id SERIAL PRIMARY KEY,
  device_id VARCHAR(255) UNIQUE NOT NULL,
  telegram_user_id INTEGER UNIQUE,
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS avatars (
  id SERIAL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  name VARCHAR(255) DEFAULT 'My Avatar',
  status VARCHAR(20) DEFAULT 'draft',
  thumbnail_url TEXT,
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS reference_photos (
  id SERIAL PRIMARY KEY,
  avatar_id INTEGER NOT NULL REFERENCES avatars(id) ON DELETE CASCADE,
  image_url TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS generated_photos (
  id SERIAL PRIMARY KEY,
  avatar_id INTEGER NOT NULL REFERENCES avatars(id) ON DELETE CASCADE,
  style_id VARCHAR(50) NOT NULL,
  prompt TEXT NOT NULL,
  image_url TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS generation_jobs (
  id SERIAL PRIMARY KEY,
  avatar_id INTEGER NOT NULL REFERENCES avatars(id) ON DELETE CASCADE,
  style_id VARCHAR(50) NOT NULL,
  status VARCHAR(20) DEFAULT 'pending',
  total_photos INTEGER DEFAULT 23,
  completed_photos INTEGER DEFAULT 0,
  error_message TEXT,
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS payments (
  id SERIAL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  yookassa_payment_id VARCHAR(255) NOT NULL,
  amount DECIMAL(10, 2) NOT NULL,
  currency VARCHAR(3) DEFAULT 'RUB',
  status VARCHAR(20) DEFAULT 'pending',
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS referral_codes (
  id SERIAL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  code VARCHAR(20) UNIQUE NOT NULL,
  is_active BOOLEAN DEFAULT TRUE,
  created_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS referrals (
  id SERIAL PRIMARY KEY,
  referrer_id INTEGER NOT NULL REFERENCES users(id),
  referred_id INTEGER NOT NULL REFERENCES users(id),
  referral_code VARCHAR(20) NOT NULL,
  created_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS referral_balances (
  id SERIAL PRIMARY KEY,
  user_id INTEGER UNIQUE NOT NULL REFERENCES users(id),
  balance DECIMAL(10, 2) DEFAULT 0,
  total_earned DECIMAL(10, 2) DEFAULT 0,
  total_withdrawn DECIMAL(10, 2) DEFAULT 0,
  referrals_count INTEGER DEFAULT 0,
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS referral_withdrawals (
  id SERIAL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id),
  amount DECIMAL(10, 2) NOT NULL,
  ndfl_amount DECIMAL(10, 2) NOT NULL,
  payout_amount DECIMAL(10, 2) NOT NULL,
  status VARCHAR(20) DEFAULT 'pending',
  payout_method VARCHAR(10) NOT NULL,
  card_number VARCHAR(20),
  phone VARCHAR(20),
  recipient_name VARCHAR(255) NOT NULL,
  processed_at TIMESTAMP,
  created_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_users_device_id ON users(device_id);
CREATE INDEX IF NOT EXISTS idx_avatars_user_id ON avatars(user_id);
CREATE INDEX IF NOT EXISTS idx_generated_photos_avatar_id ON generated_photos(avatar_id);

-- Telegram's ids passed 2^31 long ago. The table is rewritten, so only when it is still narrow.
DO $$
BEGIN
  IF (SELECT atttypid FROM pg_attribute
      WHERE attrelid = 'users'::regclass AND attname = 'telegram_user_id') = 'integer'::regtype THEN
    ALTER TABLE users ALTER COLUMN telegram_user_id TYPE BIGINT;
  END IF;
END
$$;

-- What the given schema says of statuses in its comments. NOT VALID on every database: a row from earlier times with
-- another word must neither stop the migration nor be changed by it, and the schema must be the same everywhere. New
-- and changed rows are checked. waiting_for_capture is the fourth status a payment can have at YooKassa.
ALTER TABLE avatars
  DROP CONSTRAINT IF EXISTS avatars_status_known,
  ADD CONSTRAINT avatars_status_known CHECK (status IN ('draft', 'processing', 'ready')) NOT VALID;
ALTER TABLE generation_jobs
  DROP CONSTRAINT IF EXISTS generation_jobs_status_known,
  ADD CONSTRAINT generation_jobs_status_known
    CHECK (status IN ('pending', 'processing', 'completed', 'failed')) NOT VALID;
ALTER TABLE payments
  DROP CONSTRAINT IF EXISTS payments_status_known,
  ADD CONSTRAINT payments_status_known
    CHECK (status IN ('pending', 'waiting_for_capture', 'succeeded', 'canceled')) NOT VALID;
ALTER TABLE referral_withdrawals
  DROP CONSTRAINT IF EXISTS referral_withdrawals_status_known,
  ADD CONSTRAINT referral_withdrawals_status_known
    CHECK (status IN ('pending', 'processing', 'completed', 'rejected')) NOT VALID,
  DROP CONSTRAINT IF EXISTS referral_withdrawals_method_known,
  ADD CONSTRAINT referral_withdrawals_method_known CHECK (payout_method IN ('card', 'sbp')) NOT VALID;

-- One payment at YooKassa is one row: what settles, refunds and credits by that id must find exactly one. Rows that
-- break it are money told twice, and which one is right only a person can say: so refuse, before anything is changed.
DO $$
DECLARE
  doubled BIGINT;
BEGIN
  SELECT count(*) INTO doubled
    FROM (SELECT 1 FROM payments GROUP BY yookassa_payment_id HAVING count(*) > 1) AS ids;
  IF doubled > 0 THEN
    RAISE EXCEPTION 'payments: % yookassa_payment_id(s) stand in more than one row; keep one row of each '
      '(SELECT yookassa_payment_id, array_agg(id) FROM payments GROUP BY 1 HAVING count(*) > 1) and start again', doubled
      USING ERRCODE = 'unique_violation';
  END IF;
END
$$;
CREATE UNIQUE INDEX IF NOT EXISTS payments_yookassa_payment_id_key ON payments(yookassa_payment_id);

-- Rows are looked up by their owner, and deleting an owner cascades: without these each deletion reads whole tables.
CREATE INDEX IF NOT EXISTS idx_reference_photos_avatar_id ON reference_photos(avatar_id);
CREATE INDEX IF NOT EXISTS idx_generation_jobs_avatar_id ON generation_jobs(avatar_id);
CREATE INDEX IF NOT EXISTS idx_payments_user_id ON payments(user_id);
CREATE INDEX IF NOT EXISTS idx_referral_codes_user_id ON referral_codes(user_id);
CREATE INDEX IF NOT EXISTS idx_referrals_referrer_id ON referrals(referrer_id);
CREATE INDEX IF NOT EXISTS idx_referrals_referred_id ON referrals(referred_id);
CREATE INDEX IF NOT EXISTS idx_referral_withdrawals_user_id ON referral_withdrawals(user_id);
