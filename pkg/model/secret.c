#include "model/resource.h"

const struct model_resource *model_secret_new(const struct model_secret *content)
{
    struct arena *arena;
    struct model__draft *draft = model__draft_new(MODEL_SECRET, content->name, &arena);
    struct model_secret *copy = ARENA_NEW(arena, struct model_secret);
    *copy = (struct model_secret){
        .name = str_dup(arena, content->name),
        .certificates_pem = str_dup(arena, content->certificates_pem),
        .key_pem = str_dup(arena, content->key_pem),
        .key_type = str_dup(arena, content->key_type),
        .fingerprint = str_dup(arena, content->fingerprint),
        .dns_names = model__names_copy(arena, content->dns_names),
        .not_before_ms = content->not_before_ms,
        .not_after_ms = content->not_after_ms,
    };
    return model__draft_freeze(draft, copy);
}

void model__secret_write(struct jv_writer *writer, const struct model_secret *secret, bool redacted)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("certificatesPem"), secret->certificates_pem);
    model__write_names(writer, STR("dnsNames"), secret->dns_names);
    jv_write_member_string(writer, STR("fingerprint"), secret->fingerprint);
    jv_write_member_string(writer, STR("keyPem"), redacted ? STR("(redacted)") : secret->key_pem);
    jv_write_member_string(writer, STR("keyType"), secret->key_type);
    jv_write_member_string(writer, STR("kind"), str_of(model_kind_name(MODEL_SECRET)));
    jv_write_member_string(writer, STR("name"), secret->name);
    jv_write_member_u64(writer, STR("notAfterMs"), secret->not_after_ms);
    jv_write_member_u64(writer, STR("notBeforeMs"), secret->not_before_ms);
    jv_write_end(writer);
}
