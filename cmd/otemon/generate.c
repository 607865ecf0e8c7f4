#include <stdio.h>

#include "core/base/attr.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/pki/pki.h"
#include "otemon/commands.h"

/* Ten years, as kumactl: these certificates are for trying things out, and nobody renews them. */
#define VALIDITY_MS (UINT64_C(10) * 365 * 24 * 60 * 60 * 1000)

/* One comma-separated --hostname may hold many. */
#define HOSTNAMES_MAX ((size_t)256)

enum {
    FLAG_TYPE,
    FLAG_HOSTNAME,
    FLAG_CP_HOSTNAME,
    FLAG_KEY_FILE,
    FLAG_CERT_FILE,
    FLAG_KEY_TYPE,
    FLAG_COUNT,
};

static const struct command_flag flags[FLAG_COUNT] = {
    [FLAG_TYPE] =
        {
            .name = "type",
            .kind = COMMAND_CHOICE,
            .value_name = "server|client",
            .help = "Required. What the certificate is for.",
        },
    [FLAG_HOSTNAME] =
        {
            .name = "hostname",
            .kind = COMMAND_LIST,
            .value_name = "HOST[,HOST...]",
            .help = "Required. A DNS name (*.example.com too) or an IP address that the "
                    "certificate is valid for; may be given more than once. The first is its "
                    "common name too.",
        },
    [FLAG_CP_HOSTNAME] =
        {
            .name = "cp-hostname",
            .kind = COMMAND_LIST,
            .value_name = "HOST[,HOST...]",
            .help = "The same as --hostname: its former name in kumactl.",
        },
    [FLAG_KEY_FILE] =
        {
            .name = "key-file",
            .kind = COMMAND_TEXT,
            .value_name = "PATH",
            .fallback = "key.pem",
            .help = "Where the private key goes; - is the standard output. A file is written so "
                    "that only its owner can read it.",
        },
    [FLAG_CERT_FILE] =
        {
            .name = "cert-file",
            .kind = COMMAND_TEXT,
            .value_name = "PATH",
            .fallback = "cert.pem",
            .help = "Where the certificate goes; - is the standard output.",
        },
    [FLAG_KEY_TYPE] =
        {
            .name = "key-type",
            .kind = COMMAND_CHOICE,
            .value_name = "rsa|ecdsa",
            .fallback = "rsa",
            .help = "RSA with 2048 bits, or ECDSA on the curve P-256.",
        },
};

static int fail_usage(const char *sentence)
{
    (void)fprintf(stderr, "otemon generate tls-certificate: %s\n", sentence);
    return EXIT_USAGE;
}

static int fail(const char *what, const struct err_info *reason)
{
    (void)fprintf(stderr, "otemon generate tls-certificate: %s%s\n", what, reason->message);
    return EXIT_FAILED;
}

/* Adds the names of one flag; false: too many. */
static bool hostnames_add(const struct command_value *value, struct str *hostnames, size_t *count)
{
    for (size_t i = 0; i < value->list_count; i++) {
        struct str rest = value->list[i];
        do {
            if (*count == HOSTNAMES_MAX)
                return false;
            hostnames[(*count)++] = str_trim(str_cut(&rest, ','));
        } while (rest.data != NULL);
    }
    return true;
}

static enum err output_write(struct str path, struct str content, unsigned mode,
                             struct err_info *reterr)
{
    if (!str_equal(path, STR("-")))
        return file_write(path.data, content, mode, reterr); /* a word of the command line */
    if (fwrite(content.data, 1, content.size, stdout) != content.size || fflush(stdout) != 0)
        return err_set_errno(reterr, "cannot write to the standard output");
    return ERR_OK;
}

static int bundle_write(const struct pki_bundle *bundle, struct str key_path, struct str cert_path)
{
    struct err_info reason = {0};
    if (output_write(key_path, bundle->key_pem, 0600, &reason) != ERR_OK)
        return fail("the private key was not written: ", &reason);
    if (output_write(cert_path, bundle->certificates_pem, 0644, &reason) != ERR_OK)
        return fail("the certificate was not written: ", &reason);
    if (!str_equal(key_path, STR("-")) && !str_equal(cert_path, STR("-")))
        (void)printf("Private key saved in %s\nCertificate saved in %s\n", key_path.data,
                     cert_path.data);
    return EXIT_DONE;
}

static int certificate_run(const struct command_input *input)
{
    const struct command_value *values = input->values;
    struct str hostnames[HOSTNAMES_MAX];
    size_t count = 0;
    struct str key_path = values[FLAG_KEY_FILE].text;
    struct str cert_path = values[FLAG_CERT_FILE].text;
    if (!values[FLAG_TYPE].given)
        return fail_usage("--type is missing: --type=server or --type=client");
    if (!hostnames_add(&values[FLAG_HOSTNAME], hostnames, &count) ||
        !hostnames_add(&values[FLAG_CP_HOSTNAME], hostnames, &count))
        return fail_usage("a certificate takes 256 hostnames at most");
    if (count == 0)
        return fail_usage("--hostname is missing: at least one, as in --hostname=foo.example.com");
    if (str_equal(key_path, cert_path) && !str_equal(key_path, STR("-")))
        return fail_usage("--key-file and --cert-file name the same file; only - may be both");
    bool ecdsa = str_equal(values[FLAG_KEY_TYPE].text, STR("ecdsa"));
    uint64_t now_ms = clock_wall_ms();
    struct pki_request request = {
        .usage = str_equal(values[FLAG_TYPE].text, STR("server")) ? PKI_SERVER : PKI_CLIENT,
        .key_type = ecdsa ? PKI_ECDSA : PKI_RSA,
        .hostnames = hostnames,
        .hostname_count = count,
        .not_before_ms = now_ms,
        .not_after_ms = now_ms + VALIDITY_MS,
    };
    struct err_info reason = {0};
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = NULL;
    if (pki_issue_self_signed(&request, &bundle, &reason) != ERR_OK)
        return fail("", &reason);
    return bundle_write(bundle, key_path, cert_path);
}

static const struct command certificate_command = {
    .name = "tls-certificate",
    .summary = "make a key and its certificate",
    .description =
        "Makes a private key and a certificate for it that is signed with that key, valid for ten "
        "years. A client trusts it when it is told to, as with `curl --cacert cert.pem`.\n"
        "\n"
        "The flags are those of `kumactl generate tls-certificate`. Key and certificate together, "
        "in one Secret, are what a listener of a MeshGateway takes for TLS; for RSA and ECDSA side "
        "by side make two Secrets.",
    .flags = flags,
    .flag_count = FLAG_COUNT,
    .exit_text = "0  both were written\n"
                 "1  a hostname is none, or a file could not be written; standard error says why\n"
                 "2  the command line was not understood",
    .examples = "Key and certificate into two files:\n"
                " otemon generate tls-certificate --type=server --hostname=foo.example.com\n"
                "\n"
                "The value of a Secret, for a listener that terminates TLS:\n"
                " otemon generate tls-certificate --type=server \\\n"
                "     --hostname=foo.example.com --key-file=- --cert-file=- | base64 -w0",
    .run = certificate_run,
};

static const struct command *const commands[] = {
    &certificate_command,
};

const struct command generate_command = {
    .name = "generate",
    .summary = "make what manifests need",
    .description = "Makes what manifests refer to.",
    .commands = commands,
    .command_count = ARRAY_SIZE(commands),
};
