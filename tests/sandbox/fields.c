/* What all of YooKassa's bodies have in common: amounts, metadata, limits of length. Unknown fields are refused, since
 * a misspelt one would be lost in silence there. Sums are integers, in kopecks. */
#include "tests/sandbox/fields.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/html.h"

#define METADATA_KEYS_MAX 16
#define METADATA_KEY_MAX 32
#define METADATA_VALUE_MAX 512

bool fields_refuse(struct refusal *refusal, const char *parameter, const char *why)
{
    if (refusal->why == NULL)
        *refusal = (struct refusal){.why = why, .parameter = parameter};
    return false;
}

json_object *fields_member(json_object *object, const char *key, enum json_type type)
{
    json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, type) ? value : NULL;
}

const char *fields_text(json_object *object, const char *key)
{
    json_object *value = fields_member(object, key, json_type_string);
    return value == NULL ? NULL : json_object_get_string(value);
}

bool fields_only_known(struct refusal *refusal, json_object *object, const char *parameter, const char *names)
{
    json_object_object_foreach(object, key, value)
    {
        (void)value;
        const char *at = strstr(names, key);
        size_t len = strlen(key);
        while (at != NULL && !(at[len] == ' ' && (at == names || at[-1] == ' ')))
            at = strstr(at + 1, key);
        if (at == NULL || len == 0)
            return fields_refuse(refusal, parameter, "Unknown field in the request");
    }
    return true;
}

bool fields_kopecks(const char *text, int64_t *ret_kopecks)
{
    size_t whole = text == NULL ? 0 : strspn(text, "0123456789");
    if (whole < 1 || whole > 8 || text[whole] != '.' || strspn(text + whole + 1, "0123456789") != 2 ||
        text[whole + 3] != '\0' || (text[0] == '0' && whole > 1))
        return false;
    *ret_kopecks = strtoll(text, NULL, 10) * 100 + strtoll(text + whole + 1, NULL, 10);
    return true;
}

bool fields_amount(struct refusal *refusal, json_object *amount, const char *parameter, int64_t *ret_kopecks)
{
    int64_t kopecks = 0;
    if (amount == NULL)
        return fields_refuse(refusal, parameter, "Amount is missing");
    if (!fields_only_known(refusal, amount, parameter, "value currency "))
        return false;
    const char *currency = fields_text(amount, "currency");
    if (!fields_kopecks(fields_text(amount, "value"), &kopecks) || kopecks <= 0)
        return fields_refuse(refusal, parameter, "Payment amount is illegal: a text with two decimals expected");
    if (currency == NULL || strcmp(currency, "RUB") != 0)
        return fields_refuse(refusal, parameter, "Currency code is illegal");
    *ret_kopecks = kopecks;
    return true;
}

bool fields_short(struct refusal *refusal, json_object *body, const char *key, size_t max, const char *why)
{
    json_object *value = NULL;
    if (json_object_object_get_ex(body, key, &value) &&
        (!json_object_is_type(value, json_type_string) || html_length(json_object_get_string(value)) > max))
        return fields_refuse(refusal, key, why);
    return true;
}

bool fields_metadata(struct refusal *refusal, json_object *body)
{
    json_object *metadata = NULL;
    if (!json_object_object_get_ex(body, "metadata", &metadata))
        return true;
    if (!json_object_is_type(metadata, json_type_object))
        return fields_refuse(refusal, "metadata", "Metadata is illegal: an object expected");
    if (json_object_object_length(metadata) > METADATA_KEYS_MAX)
        return fields_refuse(refusal, "metadata", "Metadata object is limited to 16 keys");
    json_object_object_foreach(metadata, key, value)
    {
        if (html_length(key) > METADATA_KEY_MAX)
            return fields_refuse(refusal, "metadata",
                                 "The key names length in metadata object is limited to 32 characters");
        if (!json_object_is_type(value, json_type_string))
            return fields_refuse(refusal, "metadata", "Metadata is illegal: values must be texts");
        if (html_length(json_object_get_string(value)) > METADATA_VALUE_MAX)
            return fields_refuse(refusal, "metadata",
                                 "The key values length in metadata object is limited to 512 characters");
    }
    return true;
}
