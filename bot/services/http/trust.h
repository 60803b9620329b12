/* Inside bot/http only: which certificates are believed. */
#ifndef BOT_SERVICES_HTTP_TRUST_H
#define BOT_SERVICES_HTTP_TRUST_H

/* As libcurl takes them; NULL = none. */
struct trust {
    char *file; /* a bundle */
    char *dir;  /* a directory with links named by hash */
};

/* Chooses between the system's bundle and directory (either may be NULL), ca_file beside them; see trust.c. Reads the
 * disk: for the start only. */
void trust_choose(const char *ca_file, const char *system_file, const char *system_dir, struct trust *ret_trust);
/* The same with the places libcurl was built for. */
void trust_init(struct trust *trust, const char *ca_file);
/* Accepts a zeroed one. */
void trust_done(struct trust *trust);

#endif
