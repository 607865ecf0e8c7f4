/* Secrets that no listener has asked for: what is wrong with a certificate is known before one
 * does.
 *
 * A mesh keeps other things in Secrets, and in PEM, too: keys that sign tokens, authorities, what
 * back ends are trusted by. Only what holds a certificate and a key is taken for a server's. */
#include "control/compile/stages.h"

static const struct str certificate_mark = STR_INIT("-----BEGIN CERTIFICATE-----");
static const struct str key_mark = STR_INIT("PRIVATE KEY-----");

static bool contains(struct str text, struct str part)
{
    return text.size > 0 && memmem(text.data, text.size, part.data, part.size) != NULL;
}

static void check(struct compile__run *run, const struct api_object *secret)
{
    struct compile__certificate *certificate = compile__certificate_of(run, secret);
    if (certificate->loaded_age == run->memory->age)
        return; /* its gateway says it */
    struct str text = certificate->secret == NULL
                          ? certificate->fault
                          : compile__certificate_age(run, certificate->secret->secret);
    if (text.size > 0)
        (void)compile__find(run, FINDING_WARNING, secret, secret->mark, STR("data"), "%.*s",
                            STR_ARG(text));
}

void compile__check_secrets(struct compile__run *run)
{
    size_t count;
    const struct api_object *const *secrets = cache_list_all(run->cache, API_SECRET, &count);
    for (size_t i = 0; i < count; i++) {
        struct str data = secrets[i]->secret->data;
        if (!secrets[i]->broken && contains(data, certificate_mark) && contains(data, key_mark))
            check(run, secrets[i]);
    }
}
