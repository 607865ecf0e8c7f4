/* Stage 5: the certificates that an HTTPS listener presents, the preferred first. What no server
 * name leads to is left out. */
#include "control/compile/certificates.h"

/* Keys by type, the preferred first: ECDSA costs the server less. */
static const enum pki_key_type preference[] = {PKI_ECDSA, PKI_RSA};

/* It is served all the same: clients may be told to take it. */
static void report_age(const struct compile__source *source, const struct model_secret *secret)
{
    struct str text = compile__certificate_age(source->run, secret);
    if (text.size > 0)
        (void)compile__find(source->run, FINDING_WARNING, source->port->binding->gateway,
                            source->data->mark, compile__source_field(source), "%.*s",
                            STR_ARG(text));
}

/* A certificate that can be served, and whence. */
struct usable {
    struct compile__certificate *certificate;
    struct compile__source source;
    bool is_chosen; /* by some server name */
};

/* Those of a listener, the preferred first. */
struct usables {
    struct usable *items;
    size_t count;
};

static struct usables load_all(const struct compile__source *listener)
{
    const struct api_tls *tls = &listener->listener->spec->tls;
    struct arena *arena = listener->run->arena;
    struct usable *loaded = ARENA_NEW_ARRAY(arena, struct usable, tls->certificate_count);
    struct usables usables = {ARENA_NEW_ARRAY(arena, struct usable, tls->certificate_count), 0};
    size_t count = 0;
    for (size_t i = 0; i < tls->certificate_count; i++) {
        struct compile__source source = *listener;
        source.data = &tls->certificates[i];
        source.index = i;
        struct compile__certificate *certificate = compile__source_load(&source);
        if (certificate != NULL)
            loaded[count++] = (struct usable){.certificate = certificate, .source = source};
    }
    for (size_t t = 0; t < ARRAY_SIZE(preference); t++) {
        for (size_t i = 0; i < count; i++) {
            if (loaded[i].certificate->key_type == preference[t])
                usables.items[usables.count++] = loaded[i];
        }
    }
    return usables;
}

/* Marks those that some server name of the listener leads to. */
static void choose(struct usables usables, struct str hostname)
{
    const struct model_secret *secrets[MODEL_CHAIN_SECRETS_MAX];
    for (size_t i = 0; i < usables.count; i++)
        secrets[i] = usables.items[i].certificate->secret->secret;
    size_t count;
    CLEANUP(model_chooser_free)
    struct model_chooser *chooser = model_chooser_new(hostname, secrets, usables.count);
    const struct model_choice *choices = model_chooser_list(chooser, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < choices[i].count; j++)
            usables.items[choices[i].secrets[j]].is_chosen = true;
    }
}

/* Of its type of key there is always one that is chosen. */
static const struct usable *chosen_instead(struct usables usables, const struct usable *other)
{
    size_t i = 0;
    while (!usables.items[i].is_chosen ||
           usables.items[i].certificate->key_type != other->certificate->key_type)
        i++;
    return &usables.items[i];
}

static void report_unchosen(struct usables usables, const struct usable *usable)
{
    const struct compile__source *source = &usable->source;
    bool has_one_name = !str_starts_with(source->listener->spec->hostname, STR("*"));
    struct str type = pki_key_type_name(usable->certificate->key_type);
    (void)compile__find(source->run, FINDING_WARNING, source->port->binding->gateway,
                        source->data->mark, compile__source_field(source),
                        "is shown to no client: for every server name that comes to this listener "
                        "certificates[%zu] is chosen, whose key is of type %.*s too; leave this "
                        "one out, or %s",
                        chosen_instead(usables, usable)->source.index, STR_ARG(type),
                        has_one_name ? "give other names that it is for a listener of their own"
                                     : "have it issued for a name of this listener that the other "
                                       "one lacks, or with a key of the other type");
}

/* Emits what is presented. The names live as long as the draft: its report has them too. */
static struct model_names present(struct compile__run *run, struct usables usables)
{
    struct str *names = ARENA_NEW_ARRAY(run->draft->arena, struct str, usables.count);
    size_t count = 0;
    for (size_t i = 0; i < usables.count; i++) {
        struct compile__certificate *certificate = usables.items[i].certificate;
        if (!usables.items[i].is_chosen) {
            report_unchosen(usables, &usables.items[i]);
            continue;
        }
        report_age(&usables.items[i].source, certificate->secret->secret);
        names[count++] = certificate->secret->name;
        if (certificate->emitted_age != run->memory->age)
            compile__emit(run, certificate->secret);
        certificate->emitted_age = run->memory->age;
    }
    return (struct model_names){names, count};
}

static bool names_secret(const struct api_tls *tls)
{
    for (size_t i = 0; i < tls->certificate_count; i++) {
        if (tls->certificates[i].type == API_SOURCE_SECRET)
            return true;
    }
    return false;
}

void compile__load_certificates(struct compile__run *run, const struct compile__port *port,
                                struct compile__listener *listener)
{
    const struct api_tls *tls = &listener->spec->tls;
    struct compile__own own = {{0}};
    struct usables usables = load_all(
        &(struct compile__source){.run = run, .port = port, .listener = listener, .own = &own});
    if (usables.count > 0)
        choose(usables, listener->spec->hostname);
    listener->secrets = present(run, usables);
    listener->report->secrets = listener->secrets;
    if (listener->secrets.count > 0)
        return;
    listener->is_refused = true;
    if (names_secret(tls) && run->draft->lacks_secrets)
        return; /* it may well have one */
    struct str text = compile__find(
        run, FINDING_ERROR, port->binding->gateway, listener->spec->mark,
        compile__listener_field(run->arena, listener->index, ""),
        "host name \"%.*s\" is not served on port %u: it has no certificate that can be used",
        STR_ARG(listener->spec->hostname), (unsigned)port->number);
    compile__deny(&listener->report->resolved_refs, STR("InvalidCertificateRef"), text);
}
