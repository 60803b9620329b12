-- What is owed to the outside world and has no table of its own. A row is born in the transaction that decided it; the
-- one that makes its end true deletes it. It stays only when it ended badly ('failed': it can't be done; 'unknown': it
-- may have been done), until a person has it tried again (state = 'waiting') or deletes it.
CREATE TABLE errands (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chore TEXT NOT NULL,                  -- its name in bot/chores/chores.h
  subject TEXT NOT NULL,                -- what it is about: of each a chore has one errand at a time
  chat_id BIGINT NOT NULL DEFAULT 0,    -- 0 = nobody's
  key TEXT UNIQUE,                      -- of its call, the same on every retry
  body TEXT,
  outside TEXT,                         -- what the other side calls it
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'failed', 'unknown')),
  attempts INTEGER NOT NULL DEFAULT 0,
  deaths INTEGER NOT NULL DEFAULT 0,    -- of daemons while they worked at it
  not_before TIMESTAMPTZ NOT NULL DEFAULT now(), -- when it is due; in the past: its place in line
  lease_token TEXT,
  lease_until TIMESTAMPTZ,
  worker TEXT,                          -- the daemon that claimed it last
  error TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (chore, subject)
);
CREATE INDEX idx_errands_waiting ON errands(chore, not_before) WHERE state = 'waiting';
CREATE INDEX idx_errands_leased ON errands(lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX idx_errands_chat ON errands(chat_id, chore) WHERE state = 'waiting' AND chat_id <> 0;

-- Of the statement that ends an errand, or a look at it: it must have changed its row, or the whole transaction is
-- undone. FB003: the errand is another's by now, or an earlier try of the same was taken.
CREATE FUNCTION errand_ours(p_changed BIGINT) RETURNS void AS $$
BEGIN
  IF p_changed = 0 THEN
    RAISE EXCEPTION 'the errand is not ours any more' USING ERRCODE = 'FB003';
  END IF;
END $$ LANGUAGE plpgsql;

-- Photos to be made stand in line by not_before, so that the next ones are found at the head of an index however many
-- wait. Each photo of a set stands 10 s behind the one before it. So sets that come together go side by side, a second
-- photo after everybody's first; and in a rush, when there are more than can be made, nobody is passed over for ever by
-- the first photos of those who come later. All of them are due at once: their places lie in the past.
CREATE FUNCTION photo_task_place() RETURNS trigger AS $$
BEGIN
  NEW.not_before := NEW.not_before - (30 - LEAST(NEW.index, 30)) * interval '10 s';
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER photo_task_place BEFORE INSERT ON photo_tasks FOR EACH ROW EXECUTE FUNCTION photo_task_place();
UPDATE photo_tasks SET not_before = not_before - (30 - LEAST(index, 30)) * interval '10 s'
WHERE state = 'waiting' AND attempts = 0;

-- Few at a time, whatever waits.
CREATE INDEX idx_photo_tasks_leased ON photo_tasks(lease_until) WHERE lease_until IS NOT NULL;
