-- The photos a set was ordered with. Whoever starts over with the photos and then pays the link that is still open has
-- bought a set all the same, and it is made from these.
ALTER TABLE orders ADD COLUMN reference_urls TEXT[];
UPDATE orders o SET reference_urls = (
  SELECT array_agg(r.image_url ORDER BY r.id) FROM reference_photos r
  WHERE r.avatar_id = o.avatar_id AND substr(r.image_url, 1, 6) = 'store:')
WHERE avatar_id IS NOT NULL;

-- What a deletion asks through foreign keys, and what a start asks.
CREATE INDEX idx_photo_intake_reference ON photo_intake(reference_photo_id) WHERE reference_photo_id IS NOT NULL;
CREATE INDEX idx_orders_avatar ON orders(avatar_id) WHERE avatar_id IS NOT NULL;
CREATE INDEX idx_photo_tasks_message ON photo_tasks(message_id) WHERE message_id IS NOT NULL;

-- These repeat idx_reference_photos_avatar_id and idx_generation_jobs_avatar_id of the seed.
DROP INDEX idx_reference_photos_avatar;
DROP INDEX idx_generation_jobs_avatar;
