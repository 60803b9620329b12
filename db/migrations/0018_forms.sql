-- The answers of the conversation under way (core/form.def): an object of those that were given, by their names. A name
-- that was asked back about and the page of a list are such answers.
ALTER TABLE bot_sessions ADD COLUMN form JSONB NOT NULL DEFAULT '{}';
UPDATE bot_sessions
SET form = jsonb_strip_nulls(jsonb_build_object('avatar_name', NULLIF(typed, ''), 'page', NULLIF(page, 0)))
WHERE typed <> '' OR page <> 0;
ALTER TABLE bot_sessions DROP COLUMN typed, DROP COLUMN page;
