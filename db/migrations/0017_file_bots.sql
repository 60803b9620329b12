-- Telegram's id of a photo is of use only to the bot that was sent it.
ALTER TABLE photo_intake ADD COLUMN file_bot_id BIGINT; -- whose file_id is; NULL = not known
UPDATE photo_intake SET file_bot_id = (SELECT min(bot_id) FROM bot_state) WHERE (SELECT count(*) FROM bot_state) = 1;
