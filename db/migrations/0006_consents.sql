-- The offer and the use of personal data are agreed to apart, each with a screen and a record of its own.

-- What was agreed to, or ended, in the order it happened; the last row of a kind is what holds. Kept as long as the
-- user is: it is what a consent is proved with.
CREATE TABLE bot_consents (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('offer', 'personal_data')),
  version INTEGER NOT NULL,
  given BOOLEAN NOT NULL,               -- FALSE: declined or withdrawn
  at TIMESTAMPTZ NOT NULL,
  lang TEXT,                            -- of the text; NULL as text_sha256
  text_sha256 BYTEA                     -- of the text as it was shown, UTF-8; NULL: from before texts were recorded
);
CREATE INDEX idx_bot_consents_user ON bot_consents(user_id);
INSERT INTO bot_consents (user_id, kind, version, given, at)
SELECT user_id, 'offer', consent_version, TRUE, COALESCE(consent_at, created_at) FROM bot_users
WHERE consent_version IS NOT NULL ORDER BY user_id;

-- consent_version and consent_at are the offer's.
ALTER TABLE bot_users ADD COLUMN data_consent_version INTEGER; -- NULL: not given, or ended
ALTER TABLE bot_users ADD COLUMN data_consent_at TIMESTAMPTZ;

-- Photos that came before they may be kept: nothing of them is fetched. Taken with the consent, deleted without it and
-- after a day (at every start and every few hours).
CREATE TABLE held_photos (
  id BIGINT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  chat_id BIGINT NOT NULL,
  file_id TEXT NOT NULL,
  file_unique_id TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,           -- 0 = unknown
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idx_held_photos_chat ON held_photos(chat_id);
CREATE INDEX idx_held_photos_user ON held_photos(user_id);

ALTER TABLE bot_sessions ADD COLUMN resume TEXT NOT NULL DEFAULT '';  -- the state that a consent came in between of
ALTER TABLE bot_sessions ADD COLUMN typed TEXT NOT NULL DEFAULT '';   -- a name that was asked back about
ALTER TABLE bot_sessions ADD COLUMN from_card BOOLEAN NOT NULL DEFAULT FALSE; -- photos and styles lead back to the card
