-- Everything that grows has its end: pictures leave the store when no row names them any more, and rows leave the
-- tables. What is done, and when, is said at the tables, at the bottom.

-- ---- pictures ----------------------------------------------------------------------------------------------------

-- The picture that is about to be put into the store for this row, written before it is put; it counts as named until
-- the row has come to its end, one way or the other.
ALTER TABLE photo_intake ADD COLUMN image_url TEXT;
ALTER TABLE photo_tasks ADD COLUMN image_url TEXT;

-- Does a row name this picture of the store ("store:<name>")? THE list of what does; see also the triggers below. Who
-- lets a row name a picture that another row names already (an order does) locks that row meanwhile: what is named by
-- nobody when it is asked may be removed.
CREATE FUNCTION picture_named(p_url TEXT) RETURNS BOOLEAN AS $$
  SELECT EXISTS (SELECT 1 FROM reference_photos WHERE substr(image_url, 1, 6) = 'store:'
      AND substr(image_url, 1, 70) = p_url)
    OR EXISTS (SELECT 1 FROM generated_photos WHERE substr(image_url, 1, 6) = 'store:'
      AND substr(image_url, 1, 70) = p_url)
    OR EXISTS (SELECT 1 FROM avatars WHERE substr(thumbnail_url, 1, 6) = 'store:'
      AND substr(thumbnail_url, 1, 70) = p_url)
    OR EXISTS (SELECT 1 FROM orders WHERE reference_urls @> ARRAY[p_url])
    OR EXISTS (SELECT 1 FROM photo_intake WHERE image_url = p_url)
    OR EXISTS (SELECT 1 FROM photo_tasks WHERE image_url = p_url)
$$ LANGUAGE sql STABLE;
-- Of a web application's links and data: URLs, which may be longer than an index takes, nothing is kept.
CREATE INDEX idx_reference_photos_stored ON reference_photos(substr(image_url, 1, 70))
  WHERE substr(image_url, 1, 6) = 'store:';
CREATE INDEX idx_generated_photos_stored ON generated_photos(substr(image_url, 1, 70))
  WHERE substr(image_url, 1, 6) = 'store:';
CREATE INDEX idx_avatars_stored ON avatars(substr(thumbnail_url, 1, 70)) WHERE substr(thumbnail_url, 1, 6) = 'store:';
CREATE INDEX idx_orders_references ON orders USING gin (reference_urls);
CREATE INDEX idx_photo_intake_stored ON photo_intake(image_url) WHERE image_url IS NOT NULL;
CREATE INDEX idx_photo_tasks_stored ON photo_tasks(image_url) WHERE image_url IS NOT NULL;

-- Rows of the web application's doing go, too, so the database itself notes what a row named and no row names now: the
-- last one to go sees it. Two that go at the same moment may not; then the look through the whole store finds it. The
-- transaction's number makes each note an errand of its own: one that is under way may have asked before. The rights are
-- the bot's, whoever deletes.
CREATE FUNCTION pictures_left(p_urls TEXT[]) RETURNS void AS $$
  INSERT INTO errands (chore, subject)
  SELECT DISTINCT 'store_sweep', substr(u, 7) || ' ' || pg_current_xact_id() FROM unnest(p_urls) u
  WHERE u ~ '^store:[0-9a-f]{64}$' AND NOT picture_named(u)
  ON CONFLICT DO NOTHING
$$ LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT;

CREATE FUNCTION pictures_deleted() RETURNS trigger AS $$
BEGIN
  PERFORM pictures_left(array_agg(image_url)) FROM gone WHERE substr(image_url, 1, 6) = 'store:' HAVING count(*) > 0;
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER pictures_deleted AFTER DELETE ON reference_photos REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION pictures_deleted();
CREATE TRIGGER pictures_deleted AFTER DELETE ON generated_photos REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION pictures_deleted();
CREATE TRIGGER pictures_deleted AFTER DELETE ON photo_intake REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION pictures_deleted();
CREATE TRIGGER pictures_deleted AFTER DELETE ON photo_tasks REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION pictures_deleted();

CREATE FUNCTION picture_replaced() RETURNS trigger AS $$
BEGIN
  PERFORM pictures_left(ARRAY[OLD.image_url]);
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER picture_replaced AFTER UPDATE ON reference_photos FOR EACH ROW
  WHEN (substr(OLD.image_url, 1, 6) = 'store:' AND OLD.image_url IS DISTINCT FROM NEW.image_url)
  EXECUTE FUNCTION picture_replaced();
CREATE TRIGGER picture_replaced AFTER UPDATE ON generated_photos FOR EACH ROW
  WHEN (substr(OLD.image_url, 1, 6) = 'store:' AND OLD.image_url IS DISTINCT FROM NEW.image_url)
  EXECUTE FUNCTION picture_replaced();
CREATE TRIGGER picture_replaced AFTER UPDATE ON photo_intake FOR EACH ROW
  WHEN (OLD.image_url IS NOT NULL AND OLD.image_url IS DISTINCT FROM NEW.image_url)
  EXECUTE FUNCTION picture_replaced();
CREATE TRIGGER picture_replaced AFTER UPDATE ON photo_tasks FOR EACH ROW
  WHEN (OLD.image_url IS NOT NULL AND OLD.image_url IS DISTINCT FROM NEW.image_url)
  EXECUTE FUNCTION picture_replaced();

CREATE FUNCTION cover_left() RETURNS trigger AS $$
BEGIN
  PERFORM pictures_left(ARRAY[OLD.thumbnail_url]);
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER cover_replaced AFTER UPDATE ON avatars FOR EACH ROW
  WHEN (substr(OLD.thumbnail_url, 1, 6) = 'store:' AND OLD.thumbnail_url IS DISTINCT FROM NEW.thumbnail_url)
  EXECUTE FUNCTION cover_left();
CREATE TRIGGER cover_deleted AFTER DELETE ON avatars FOR EACH ROW
  WHEN (substr(OLD.thumbnail_url, 1, 6) = 'store:') EXECUTE FUNCTION cover_left();

CREATE FUNCTION order_references_left() RETURNS trigger AS $$
BEGIN
  PERFORM pictures_left(OLD.reference_urls);
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER order_references_replaced AFTER UPDATE ON orders FOR EACH ROW
  WHEN (OLD.reference_urls IS NOT NULL AND OLD.reference_urls IS DISTINCT FROM NEW.reference_urls)
  EXECUTE FUNCTION order_references_left();
CREATE TRIGGER order_references_deleted AFTER DELETE ON orders FOR EACH ROW
  WHEN (OLD.reference_urls IS NOT NULL) EXECUTE FUNCTION order_references_left();

-- A reference photo on its way in comes to its end. A good one is taken in under the name that was written before it was
-- put; the commit of an earlier attempt that comes late, with another name, is refused: that picture may be gone.
CREATE FUNCTION intake_picture_ends() RETURNS trigger AS $$
BEGIN
  IF NEW.verdict = 'good' AND NOT EXISTS (
      SELECT 1 FROM reference_photos WHERE id = NEW.reference_photo_id AND image_url = OLD.image_url) THEN
    RAISE EXCEPTION 'another picture was put for this photo' USING ERRCODE = 'FB004';
  END IF;
  NEW.image_url := NULL;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER intake_picture_ends BEFORE UPDATE ON photo_intake FOR EACH ROW
  WHEN (OLD.image_url IS NOT NULL AND NEW.verdict <> 'pending') EXECUTE FUNCTION intake_picture_ends();

-- A photo is made, or never will be. Whoever wrote the name and whoever ends the task hold the same lease.
CREATE FUNCTION task_picture_ends() RETURNS trigger AS $$
BEGIN
  NEW.image_url := NULL;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER task_picture_ends BEFORE UPDATE ON photo_tasks FOR EACH ROW
  WHEN (OLD.image_url IS NOT NULL AND NEW.state <> 'waiting') EXECUTE FUNCTION task_picture_ends();

-- Of a photo that its user removed nothing is kept but that it was the how-manyth.
CREATE FUNCTION intake_forgets() RETURNS trigger AS $$
BEGIN
  NEW.file_id := '';
  NEW.file_unique_id := '';
  NEW.sketch := NULL;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER intake_forgets BEFORE UPDATE OF reference_photo_id ON photo_intake FOR EACH ROW
  WHEN (OLD.reference_photo_id IS NOT NULL AND NEW.reference_photo_id IS NULL) EXECUTE FUNCTION intake_forgets();
UPDATE photo_intake SET file_id = '', file_unique_id = '', sketch = NULL
WHERE verdict = 'good' AND reference_photo_id IS NULL;

-- A set that is all made needs the photos it was ordered with no more.
CREATE FUNCTION set_is_made() RETURNS trigger AS $$
BEGIN
  UPDATE orders SET reference_urls = NULL WHERE id = NEW.order_id AND reference_urls IS NOT NULL;
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER set_is_made AFTER UPDATE ON generation_jobs FOR EACH ROW
  WHEN (NEW.order_id IS NOT NULL AND NEW.status = 'completed' AND NEW.completed_photos = NEW.total_photos
    AND OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION set_is_made();
UPDATE orders o SET reference_urls = NULL FROM generation_jobs j
WHERE j.order_id = o.id AND j.status = 'completed' AND j.completed_photos = j.total_photos
  AND o.reference_urls IS NOT NULL;

-- … and so does one that was not paid and can't be any more.
CREATE FUNCTION payment_is_over() RETURNS trigger AS $$
BEGIN
  UPDATE orders SET reference_urls = NULL
  WHERE id = NEW.order_id AND status <> 'paid' AND reference_urls IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM bot_payments WHERE order_id = NEW.order_id AND state NOT IN ('canceled', 'failed'));
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER payment_is_over AFTER UPDATE ON bot_payments FOR EACH ROW
  WHEN (NEW.order_id IS NOT NULL AND NEW.state IN ('canceled', 'failed') AND OLD.state IS DISTINCT FROM NEW.state)
  EXECUTE FUNCTION payment_is_over();
UPDATE orders o SET reference_urls = NULL
WHERE o.status <> 'paid' AND o.reference_urls IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM bot_payments p WHERE p.order_id = o.id AND p.state NOT IN ('canceled', 'failed'));

-- ---- rows --------------------------------------------------------------------------------------------------------

-- Of an account that was deleted the conversation is left: its language is needed as long as a payment may still be
-- spoken of.
CREATE FUNCTION account_deleted() RETURNS trigger AS $$
BEGIN
  INSERT INTO errands (chore, subject, not_before)
  VALUES ('table_ends', 'chat ' || OLD.telegram_user_id || ' ' || pg_current_xact_id(), now() + interval '30 days')
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER account_deleted AFTER DELETE ON users FOR EACH ROW WHEN (OLD.telegram_user_id IS NOT NULL)
  EXECUTE FUNCTION account_deleted();

-- By which what is old is found, a slice at a time.
CREATE INDEX idx_poison_updates_old ON poison_updates(created_at);
CREATE INDEX idx_photo_intake_old ON photo_intake(created_at) WHERE verdict NOT IN ('pending', 'good');
CREATE INDEX idx_photo_tasks_old ON photo_tasks(id) WHERE state <> 'waiting' AND prompt <> '';
CREATE INDEX idx_orders_unpaid ON orders(created_at_ms) WHERE status <> 'paid';
CREATE INDEX idx_orders_sold ON orders(id) WHERE status = 'paid' AND cardinality(prompts) > 0;

-- The errands that are never done: they come back every day.
INSERT INTO errands (chore, subject) VALUES ('store_sweep', 'all'), ('table_ends', 'all');

-- For the web application.
COMMENT ON COLUMN reference_photos.image_url IS
  'a link or a data: URL of the web application''s; or store:<name>, a picture in the bot''s own store, which is no address:'
  ' nothing can be fetched by it, and no other row may be given the same. The row may be deleted, or given another'
  ' image_url, at any time: then the picture leaves the store';
COMMENT ON COLUMN generated_photos.image_url IS 'as reference_photos.image_url';
COMMENT ON COLUMN avatars.thumbnail_url IS 'as reference_photos.image_url; the bot does not write it';

-- What becomes of the rows, by db/ends.c unless it is said otherwise. A row that hangs on another goes with that.
COMMENT ON TABLE bot_state IS 'one row a bot, kept for ever';
COMMENT ON TABLE bot_users IS 'kept as long as the user';
COMMENT ON TABLE bot_consents IS 'kept as long as the user: a consent is proved with it';
COMMENT ON TABLE bot_sessions IS 'one row a chat; deleted 30 days after its account';
COMMENT ON TABLE photo_intake IS
  'goes with its avatar, and when the photos are started over. What it knows of a photo is forgotten when the photo is'
  ' removed. A refusal is deleted after 30 days once it was told, after 180 in any case, but for the last photo sent:'
  ' the numbers go on from it';
COMMENT ON TABLE held_photos IS
  'deleted with the answer to the question they wait for, and after a day (db/state.c)';
COMMENT ON TABLE orders IS
  'a paid one is kept for ever, its prompts and recipes until 30 days after its set was told; one that nothing was and'
  ' can be paid for is deleted after 90 days, with its payments that came to nothing. The references it was ordered with'
  ' are let go when its set is made, its payment came to nothing, or its avatar is deleted';
COMMENT ON TABLE bot_payments IS
  'kept for ever, as is its order, once money came or still may; one that surely came to nothing goes with its order';
COMMENT ON TABLE bot_news IS 'deleted in the transaction of the turn that tells them';
COMMENT ON TABLE photo_tasks IS
  'goes with its set, and that with its avatar; prompt and recipe are emptied 30 days after the set was told';
COMMENT ON TABLE outbox IS 'deleted in the transaction that records how sending ended';
COMMENT ON TABLE sent_files IS 'as many as there are pictures of the shop, kept for ever';
COMMENT ON TABLE poison_updates IS 'deleted after 30 days';
COMMENT ON TABLE parked_updates IS 'deleted in the transaction that handles the update';
COMMENT ON TABLE errands IS
  'deleted in the transaction that makes its end true; one that ended badly is kept until a person has looked';
