/* What libcurl says when TLS or a proxy fails is true and of little help: the proxy is not named, and what to do is not
 * said. Here the few failures that an operator can mend get a sentence with the remedy; all others keep libcurl's
 * words. The proxy is named without its password. Must not decide what a failure means for a repeat: transfer.c does.
 */
#include "bot/services/http/trouble.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_AUTH = 401, STATUS_PROXY_AUTH = 407 }; /* tinyproxy says the first where the second is meant */

void trouble_proxy_name(const char *proxy, char name[TROUBLE_PROXY_BYTES])
{
    name[0] = '\0';
    if (proxy == NULL || proxy[0] == '\0')
        return;
    const char *scheme_end = strstr(proxy, "://"), *at = strrchr(proxy, '@');
    const char *rest = scheme_end == NULL ? proxy : scheme_end + 3;
    int scheme_length = (int)(rest - proxy);
    (void)snprintf(name, TROUBLE_PROXY_BYTES, "%.*s%s", scheme_length, proxy, at == NULL ? rest : at + 1);
}

static bool says(const struct trouble *trouble, const char *words)
{
    return strstr(trouble->detail, words) != NULL;
}

/* libcurl's sentence after its general beginning. */
static const char *after(const char *text, const char *beginning)
{
    size_t length = strlen(beginning);
    return strncmp(text, beginning, length) == 0 ? text + length : text;
}

static void tell_certificate(const struct trouble *trouble, char *text)
{
    const char *whose = "the server's";
    const char *why = after(trouble->detail, "SSL certificate problem: ");
    long proxy_verdict = 0;
    (void)curl_easy_getinfo(trouble->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &proxy_verdict);
    if (proxy_verdict != 0)
        whose = "the proxy's";
    if (says(trouble, "subject name") || says(trouble, "target host name"))
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES,
                       "%s certificate is for another host; compare the address in the configuration: %s", whose,
                       after(why, "SSL: "));
    else if (says(trouble, "expired") || says(trouble, "not yet valid"))
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES, "%s certificate is out of its time, or this machine's clock is: %s",
                       whose, why);
    else
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES,
                       "%s certificate is not trusted; install ca-certificates, or name its issuer's in ca_file: %s",
                       whose, why);
}

/* The proxy was reached, or should have been, and the server was not. False = it is not the proxy's doing. */
static bool tell_proxy(const struct trouble *trouble, char *text)
{
    long connect_status = 0, error = 0;
    const char *proxy = trouble->proxy;
    (void)curl_easy_getinfo(trouble->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    (void)curl_easy_getinfo(trouble->easy, CURLINFO_PROXY_ERROR, &error);
    if (trouble->result == CURLE_COULDNT_RESOLVE_PROXY)
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES, "the proxy %s has a name that is not known here", proxy);
    else if (trouble->result == CURLE_COULDNT_CONNECT)
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES, "can't reach the proxy %s; is it running there? %s", proxy,
                       trouble->detail);
    else if (connect_status == STATUS_PROXY_AUTH || connect_status == STATUS_AUTH || error == CURLPX_USER_REJECTED ||
             error == CURLPX_NO_AUTH)
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES,
                       "the proxy %s wants another user or password than the configuration has", proxy);
    else if (connect_status >= 300)
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES, "the proxy %s does not let us through: it answered CONNECT with %ld",
                       proxy, connect_status);
    else if (trouble->result == CURLE_PROXY)
        (void)snprintf(text, HTTP_ERROR_MAX_BYTES, "the proxy %s does not let us through: %s", proxy, trouble->detail);
    else
        return false;
    return true;
}

void trouble_tell(const struct trouble *trouble, char text[HTTP_ERROR_MAX_BYTES])
{
    bool through = trouble->proxy[0] != '\0';
    struct trouble safe = *trouble;
    if (through && strchr(safe.detail, '@') != NULL)
        safe.detail = ""; /* it quotes the proxy's address as it was given, with the password */
    trouble = &safe;
    if (trouble->result == CURLE_PEER_FAILED_VERIFICATION) {
        tell_certificate(trouble, text);
        return;
    }
    if (through && tell_proxy(trouble, text))
        return;
    (void)snprintf(text, HTTP_ERROR_MAX_BYTES, "%s%s%s%s%s%s", curl_easy_strerror(trouble->result),
                   through ? " (through the proxy " : "", trouble->proxy, through ? ")" : "",
                   trouble->detail[0] == '\0' ? "" : ": ", trouble->detail);
}
