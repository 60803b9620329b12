/* Files of certificates that are believed. For config/ only. */
#ifndef CONFIG_CERTIFICATE_H
#define CONFIG_CERTIFICATE_H

/* What is wrong with this file as a list of certificates in PEM, for a message behind its name; NULL = nothing. */
const char *certificate_fault(const char *path);

#endif
