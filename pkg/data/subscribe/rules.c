/* Whether a route's rules are what the data plane can do. What a rule writes into messages must not
 * break them apart; each of it has a bound, so that it fits where it is written. */
#include "core/http/http.h"
#include "data/subscribe/parts.h"

static bool is_status(unsigned status)
{
    return status >= 200 && status <= 599;
}

static enum err check_headers(const struct model_header *headers, size_t count, size_t *size,
                              struct err_info *reterr)
{
    for (size_t i = 0; i < count; i++) {
        if (!http_name_is_valid(headers[i].name) || !http_value_is_valid(headers[i].value))
            return err_set(reterr, ERR_INVALID, "\"%.*s\" and its value are no header field",
                           STR_ARG(headers[i].name));
        *size += headers[i].name.size + headers[i].value.size + sizeof(": \r\n") - 1;
    }
    return ERR_OK;
}

static enum err check_change(const struct model_header_change *change, struct err_info *reterr)
{
    size_t size = 0;
    enum err result = check_headers(change->set, change->set_count, &size, reterr);
    if (result == ERR_OK)
        result = check_headers(change->add, change->add_count, &size, reterr);
    if (result == ERR_OK && size > MODEL_HEADERS_MAX)
        return err_set(reterr, ERR_LIMIT, "header fields take %zu bytes, above %zu", size,
                       MODEL_HEADERS_MAX);
    return result;
}

static enum err check_path(const struct model_path_change *change, struct err_info *reterr)
{
    struct str value = change->value;
    bool fits = true;
    switch (change->type) {
    case MODEL_PATH_KEPT: break;
    case MODEL_PATH_REPLACED: fits = http_path_is_valid(value); break;
    case MODEL_PATH_PREFIX_REPLACED:
        fits = value.size == 0 || (http_path_is_valid(value) && !str_ends_with(value, STR("/")) &&
                                   str_find_char(value, '?') == STR_NOT_FOUND);
        break;
    }
    if (!fits)
        return err_set(reterr, ERR_INVALID, "\"%.*s\" is not a path to put there", STR_ARG(value));
    return ERR_OK;
}

static enum err check_host(struct str host, struct err_info *reterr)
{
    if (host.size == 0 || http_authority_is_valid(host))
        return ERR_OK;
    return err_set(reterr, ERR_INVALID, "\"%.*s\" is not a host", STR_ARG(host));
}

static bool has_port(struct str authority)
{
    return str_find_char(authority, ':') != STR_NOT_FOUND && !str_ends_with(authority, STR("]"));
}

static enum err check_forward(const struct model_rule *rule, struct err_info *reterr)
{
    for (size_t i = 0; i < rule->backend_count; i++)
        if (rule->backends[i].cluster.size == 0 && !is_status(rule->backends[i].status))
            return err_set(reterr, ERR_INVALID, "a back end answers with status %u",
                           rule->backends[i].status);
    enum err result = check_change(&rule->request_headers, reterr);
    if (result == ERR_OK)
        result = check_path(&rule->rewrite.path, reterr);
    return result == ERR_OK ? check_host(rule->rewrite.host, reterr) : result;
}

static enum err check_redirect(const struct model_redirect *redirect, struct err_info *reterr)
{
    switch (redirect->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: break;
    default: return err_set(reterr, ERR_INVALID, "a redirect has status %u", redirect->status);
    }
    if (redirect->scheme.size > 0 && !str_equal(redirect->scheme, STR("http")) &&
        !str_equal(redirect->scheme, STR("https")))
        return err_set(reterr, ERR_INVALID, "\"%.*s\" is not a scheme", STR_ARG(redirect->scheme));
    if (has_port(redirect->host)) /* a Location gets one anyhow */
        return err_set(reterr, ERR_INVALID, "\"%.*s\" has a port", STR_ARG(redirect->host));
    enum err result = check_path(&redirect->path, reterr);
    return result == ERR_OK ? check_host(redirect->host, reterr) : result;
}

static enum err check_respond(const struct model_rule *rule, struct err_info *reterr)
{
    if (rule->body.size > SUBSCRIBE_BODY_MAX)
        return err_set(reterr, ERR_LIMIT, "it answers with %zu bytes, above %zu", rule->body.size,
                       SUBSCRIBE_BODY_MAX);
    if (!is_status(rule->status))
        return err_set(reterr, ERR_INVALID, "it answers with status %u", rule->status);
    return ERR_OK;
}

static enum err check_rule(const struct model_rule *rule, struct err_info *reterr)
{
    enum err result = check_change(&rule->response_headers, reterr);
    if (result != ERR_OK)
        return result;
    switch (rule->action) {
    case MODEL_FORWARD: return check_forward(rule, reterr);
    case MODEL_REDIRECT: return check_redirect(&rule->redirect, reterr);
    case MODEL_RESPOND: return check_respond(rule, reterr);
    }
    return err_set(reterr, ERR_INVALID, "it has no action");
}

enum err subscribe__rules_check(const struct model_route *route, struct err_info *reterr)
{
    struct err_info why = {0};
    for (size_t i = 0; i < route->rule_count; i++) {
        enum err result = check_rule(&route->rules[i], &why);
        if (result != ERR_OK)
            return err_set(reterr, result, "rule %zu: %s", i, why.message);
    }
    return ERR_OK;
}
