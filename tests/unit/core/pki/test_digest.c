#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "core/pki/pki.h"

/* FIPS 180-2, appendix B.1 and B.2, and the digest of nothing. */
static const struct {
    const char *text;
    const char *hex;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void assert_digest(const unsigned char digest[PKI_SHA256_SIZE], const char *hex)
{
    char text[PKI_SHA256_HEX_SIZE + 1];
    pki_hex(digest, text);
    assert_string_equal(text, hex);
}

static void one_shot(void **state)
{
    (void)state; /* none */
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        unsigned char digest[PKI_SHA256_SIZE];
        pki_sha256(vectors[i].text, strlen(vectors[i].text), digest);
        assert_digest(digest, vectors[i].hex);
    }
}

static void *digest_all(void *arg)
{
    one_shot(arg);
    return NULL;
}

/* Each thread has what it needs, and leaves nothing. */
static void in_threads(void **state)
{
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, digest_all, state), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void piece_by_piece_and_reused(void **state)
{
    (void)state; /* none */
    struct pki_hash *hash CLEANUP(pki_hash_free) = pki_hash_new();
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        unsigned char digest[PKI_SHA256_SIZE];
        for (const char *c = vectors[i].text; *c != '\0'; c++)
            pki_hash_add(hash, c, 1);
        pki_hash_add(hash, NULL, 0);
        pki_hash_finish(hash, digest);
        assert_digest(digest, vectors[i].hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_shot),
        cmocka_unit_test(in_threads),
        cmocka_unit_test(piece_by_piece_and_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
