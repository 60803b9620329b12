/* The one place where the bot's token becomes part of an address. Everything is checked here by what is allowed, not by
 * what is forbidden: a newline at the end of a token, a path that climbs, or a scheme hidden in a file path must not
 * become a request to somewhere else. Must not log: every string it makes is a secret. */
#include "bot/services/telegram/url.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "bot/services/http/address.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum err telegram_token_check(const char *token)
{
    if (token == NULL || strlen(token) > TELEGRAM_TOKEN_MAX_BYTES || !is_digit(*token))
        return ERR_INVALID;
    while (is_digit(*token))
        token++;
    if (*token++ != ':' || *token == '\0')
        return ERR_INVALID;
    for (; *token != '\0'; token++)
        if (!is_digit(*token) && !is_letter(*token) && *token != '_' && *token != '-')
            return ERR_INVALID;
    return ERR_OK;
}

enum err telegram_api_url_check(const char *api_url)
{
    if (api_url == NULL || address_fault(api_url, URL_BASE) != NULL)
        return ERR_INVALID;
    return api_url[strlen(api_url) - 1] == '/' ? ERR_INVALID : ERR_OK;
}

enum err telegram_url_method(char ret_url[TELEGRAM_URL_MAX_BYTES], const char *api_url, const char *token,
                             const char *method)
{
    size_t length = strlen(method);
    for (size_t i = 0; i < length; i++)
        if (!is_letter(method[i]))
            return ERR_INVALID;
    if (length == 0)
        return ERR_INVALID;
    if (strlen(api_url) + strlen(token) + length + sizeof "/bot/" > TELEGRAM_URL_MAX_BYTES)
        return ERR_TOO_LARGE;
    (void)snprintf(ret_url, TELEGRAM_URL_MAX_BYTES, "%s/bot%s/%s", api_url, token, method);
    return ERR_OK;
}

static bool path_is_safe(const char *path)
{
    if (*path == '\0' || *path == '/')
        return false;
    for (const char *c = path; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '\\' || *c == ':')
            return false;
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (*part == '/' || *part == '\0' || (part[0] == '.' && (part[1] == '/' || part[1] == '\0')))
            return false;
    }
    return strstr(path, "..") == NULL;
}

enum err telegram_url_file(char ret_url[TELEGRAM_URL_MAX_BYTES], const char *api_url, const char *token,
                           const char *file_path)
{
    static const char hex[] = "0123456789ABCDEF";
    char url[TELEGRAM_URL_MAX_BYTES];
    if (!path_is_safe(file_path))
        return ERR_INVALID;
    if (strlen(file_path) > TELEGRAM_PATH_MAX_BYTES ||
        strlen(api_url) + strlen(token) + sizeof "/file/bot/" > sizeof url)
        return ERR_TOO_LARGE;
    int start = snprintf(url, sizeof url, "%s/file/bot%s/", api_url, token);
    if (start < 0)
        return ERR_INVALID;
    size_t at = (size_t)start;
    for (const char *c = file_path; *c != '\0'; c++) {
        if (at + 4 > sizeof url)
            return ERR_TOO_LARGE;
        if (is_digit(*c) || is_letter(*c) || strchr("-._~/", *c) != NULL) {
            url[at++] = *c;
        } else {
            url[at++] = '%';
            url[at++] = hex[(unsigned char)*c >> 4];
            url[at++] = hex[(unsigned char)*c & 15];
        }
    }
    url[at] = '\0';
    memcpy(ret_url, url, at + 1);
    return ERR_OK;
}
