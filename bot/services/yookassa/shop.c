/* Only what a check compares with the configuration. Older shops are told of receipts by another field. */
#include "bot/services/yookassa/shop.h"

#include <string.h>
#include "bot/base/json.h"

enum { JSON_DEPTH_MAX = 32 };

enum err yookassa_shop_parse(const char *json, size_t bytes, struct yookassa_shop *ret_shop)
{
    struct json_object *object = json_read(json, bytes, JSON_DEPTH_MAX);
    struct json_object *receipts = json_peek(object, "fiscalization", json_type_object);
    const char *status = json_peek_text(object, "status");
    enum err err = status == NULL || json_peek_text(object, "account_id") == NULL ? ERR_INVALID : ERR_OK;
    if (err == ERR_OK)
        *ret_shop = (struct yookassa_shop){
            .test = json_peek_true(object, "test"),
            .enabled = strcmp(status, "enabled") == 0,
            .receipts_told = receipts != NULL || json_peek(object, "fiscalization_enabled", json_type_boolean) != NULL,
            .receipts = json_peek_true(receipts, "enabled") || json_peek_true(object, "fiscalization_enabled")};
    json_object_put(object);
    return err;
}
