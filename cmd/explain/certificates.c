/* Which certificates a client is shown, by the rule that the data plane has. */
#include "explain/parts.h"

void explain__find_secrets(struct arena *arena, struct explain_answer *answer)
{
    const struct model_names *names = &answer->chain->secrets;
    const struct model_secret *secrets[MODEL_CHAIN_SECRETS_MAX];
    if (names->count == 0 || names->count > ARRAY_SIZE(secrets))
        return; /* plain HTTP; or nothing that is served */
    for (size_t i = 0; i < names->count; i++)
        secrets[i] =
            model_snapshot_get(answer->place->snapshot, MODEL_SECRET, names->items[i])->secret;
    CLEANUP(model_chooser_free)
    struct model_chooser *chooser = model_chooser_new(answer->chain->hostname, secrets,
                                                      names->count);
    const struct model_choice *choice = model_chooser_find(chooser, answer->request->server_name);
    struct str *chosen = ARENA_NEW_ARRAY(arena, struct str, choice->count);
    for (size_t i = 0; i < choice->count; i++)
        chosen[i] = names->items[choice->secrets[i]];
    answer->secrets = (struct model_names){chosen, choice->count};
}
