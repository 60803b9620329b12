-- An album that goes photo by photo is looked for in another way than one that went as a whole.
ALTER TABLE outbox ADD COLUMN attempted_photo SMALLINT; -- the photo that was tried alone; NULL = all not sent by then

-- Telegram's ids of files are of use only to the bot that sent them.
ALTER TABLE photo_tasks ADD COLUMN file_bot_id BIGINT; -- whose the ids of its files are; NULL = not known
UPDATE photo_tasks SET file_bot_id = (SELECT min(bot_id) FROM bot_state)
WHERE (photo_file_id IS NOT NULL OR document_file_id IS NOT NULL) AND (SELECT count(*) FROM bot_state) = 1;
