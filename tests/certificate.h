/* Certificates made while a test runs: an authority, and what it (or nobody) vouches for. Included by one .c file of a
 * program; needs libcrypto. */
#ifndef TESTS_CERTIFICATE_H
#define TESTS_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "tests/check.h"

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
};

static void certificate_extend(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    CHECK(extension != NULL && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* issuer NULL: an authority of its own. names: e.g. "DNS:localhost,IP:127.0.0.1"; NULL for an authority. It is valid
 * from an hour before valid_s to valid_s from now on. */
static struct certificate certificate_new(const struct certificate *issuer, const char *names, long valid_s)
{
    struct certificate made = {.x509 = X509_new(), .key = EVP_EC_gen("P-256")};
    static long serial;
    CHECK(made.x509 != NULL && made.key != NULL && X509_set_version(made.x509, 2) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(made.x509), ++serial) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(made.x509), valid_s < 0 ? valid_s - 3600 : -3600) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(made.x509), valid_s) != NULL);
    CHECK(X509_set_pubkey(made.x509, made.key) == 1);
    X509_NAME *name = X509_get_subject_name(made.x509);
    const char *common = issuer == NULL ? "An authority of the tests" : "A server of the tests";
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0) == 1);
    CHECK(X509_set_issuer_name(made.x509, issuer == NULL ? name : X509_get_subject_name(issuer->x509)) == 1);
    if (issuer == NULL)
        certificate_extend(made.x509, NID_basic_constraints, "critical,CA:TRUE");
    if (names != NULL)
        certificate_extend(made.x509, NID_subject_alt_name, names);
    CHECK(X509_sign(made.x509, issuer == NULL ? made.key : issuer->key, EVP_sha256()) > 0);
    return made;
}

/* key_path NULL: the certificate alone. */
static void certificate_write(const struct certificate *certificate, const char *path, const char *key_path)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && PEM_write_X509(file, certificate->x509) == 1 && fclose(file) == 0);
    file = key_path == NULL ? NULL : fopen(key_path, "w");
    if (file != NULL)
        CHECK(PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
}

static void certificate_free(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
}

#endif
