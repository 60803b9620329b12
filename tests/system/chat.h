/* What a user sees in the chat, out of the sandbox's GET /api/chats/ID: the newest screen and its buttons, pictures by
 * their captions. Everything is borrowed from the JSON. */
#ifndef TESTS_SYSTEM_CHAT_H
#define TESTS_SYSTEM_CHAT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

enum { CHAT_SET_MAX = 64 };

struct screen {
    int64_t message_id; /* 0 = there is none */
    const char *text;
    struct json_object *buttons; /* rows */
    bool asks_contact;
};

/* The newest message of the bot that has buttons or asks for a contact; or the one with this id, if it is not 0. */
struct screen chat_screen(struct json_object *chat, int64_t message_id);
/* The data of the button "STATE:…:ACTION:OBJECT"; NULL if the screen has none. State "*" is a place. */
const char *chat_button(const struct screen *screen, const char *state, const char *action);
int64_t chat_button_object(const char *data);
/* The address of the first button that has one, or NULL. */
const char *chat_link(const struct screen *screen);

/* … of the button that leads to an invoice in stars, or NULL. */
const char *chat_invoice(const struct screen *screen);

/* How the bot's photos or documents with captions "n/total" lie in the chat: which[i] is the n (from 1) of the i-th of
 * them, oldest first. Returns how many. `kind` is "photo" or "document"; file_ids may be NULL. */
int chat_pictures(struct json_object *chat, const char *kind, int which[], const char *file_ids[], int room);
/* The file ids of the photos and documents the user sent, oldest first. */
int chat_sent(struct json_object *chat, const char *file_ids[], int room);
/* Does any message of the bot have this in its text? */
bool chat_says(struct json_object *chat, const char *words);
/* The text of a field of a message, "" if there is none. */
const char *chat_field(struct json_object *message, const char *key);
struct json_object *chat_messages(struct json_object *chat);

#endif
