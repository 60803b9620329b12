-- More that may be said of a photo, each with a remedy of its own.
ALTER TABLE photo_intake DROP CONSTRAINT photo_intake_verdict_check;
ALTER TABLE photo_intake ADD CONSTRAINT photo_intake_verdict_check CHECK (verdict IN ('pending', 'good', 'duplicate',
  'too_small', 'blurred', 'broken', 'not_image', 'too_big', 'unreachable', 'incomplete', 'too_many_pixels',
  'unreadable'));

-- By which a good photo is known again: a small grey copy, compared by the darkroom. It goes with its row, when the
-- avatar does. Photos that were taken before have none, and are known again by Telegram's id of their content only.
ALTER TABLE photo_intake ADD COLUMN sketch BYTEA;
ALTER TABLE photo_intake DROP COLUMN hash;

-- Records what the darkroom said of a reference photo, and takes a good one in. The same picture twice (by Telegram's
-- id of the content; by eye is for the caller to say) counts once. A good one is taken in only if it was compared with
-- all good ones of its avatar (p_seen): otherwise nothing changes, and the caller compares with the rest first. Returns
-- the verdict that holds; NULL if nothing changed.
DROP FUNCTION photo_examined(BIGINT, TEXT, BIGINT, INTEGER, TEXT, INTEGER);
CREATE FUNCTION photo_examined(p_id BIGINT, p_verdict TEXT, p_sketch BYTEA, p_seen BIGINT[], p_url TEXT)
RETURNS TEXT AS $$
DECLARE
  intake photo_intake;
  final TEXT := p_verdict;
BEGIN
  SELECT * INTO intake FROM photo_intake WHERE id = p_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM avatars WHERE id = intake.avatar_id FOR UPDATE; -- one examination of an avatar at a time
  PERFORM 1 FROM photo_intake WHERE id = p_id AND verdict = 'pending' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF final = 'good' AND EXISTS (
      SELECT 1 FROM photo_intake o WHERE o.avatar_id = intake.avatar_id AND o.verdict = 'good'
        AND o.reference_photo_id IS NOT NULL AND o.file_unique_id = intake.file_unique_id) THEN
    final := 'duplicate';
  END IF;
  IF final = 'good' AND EXISTS (SELECT 1 FROM photo_unseen(p_id, p_seen)) THEN
    RETURN NULL;
  END IF;
  IF final = 'good' THEN
    WITH photo AS (
      INSERT INTO reference_photos (avatar_id, image_url) VALUES (intake.avatar_id, p_url) RETURNING id)
    UPDATE photo_intake SET reference_photo_id = photo.id, sketch = p_sketch FROM photo WHERE photo_intake.id = p_id;
  END IF;
  UPDATE photo_intake SET verdict = final WHERE id = p_id;
  RETURN final;
END $$ LANGUAGE plpgsql;

-- The good photos with which a pending one is still to be compared.
CREATE FUNCTION photo_unseen(p_id BIGINT, p_seen BIGINT[]) RETURNS TABLE (id BIGINT, sketch BYTEA) AS $$
  SELECT o.id, o.sketch FROM photo_intake i JOIN photo_intake o ON o.avatar_id = i.avatar_id
  WHERE i.id = p_id AND i.verdict = 'pending' AND o.verdict = 'good' AND o.reference_photo_id IS NOT NULL
    AND o.sketch IS NOT NULL AND o.id <> ALL (p_seen)
  ORDER BY o.id
$$ LANGUAGE sql STABLE;
