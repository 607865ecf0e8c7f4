/* PEM blocks for the tests, made with the openssl tool: keys that protect nothing.
 *
 * LEAF and its kin belong to the EC key, which is here in every form; LEAF was issued by CA. */
#pragma once

#define CA_PEM                                                           \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBeTCCAR+gAwIBAgIUOQH1zZJtRm3vGn7yL6h85skRPgowCgYIKoZIzj0EAwIw\n" \
    "EjEQMA4GA1UEAwwHVGVzdCBDQTAeFw0yNjExMjQwNDMxMzJaFw0zNjExMjEwNDMx\n" \
    "MzJaMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n" \
    "AATzrQEDLWosZ0JbovMrFHyEki3I++MFGOnwo/xEwsMuEZta9+Rwllm4f8po6A1v\n" \
    "B9WapnkPpRi3bHeyqYkWkOpNo1MwUTAdBgNVHQ4EFgQUiF8tgZkLyeTVGwDYelQ/\n" \
    "4B83A30wHwYDVR0jBBgwFoAUiF8tgZkLyeTVGwDYelQ/4B83A30wDwYDVR0TAQH/\n" \
    "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA7W01ClouR1KgAyjsMKMH2xGCbdkG\n" \
    "0x4ngcaEWIBYlK4CIF5OW/Z8Uio7T/L8GcTt1ByTWrx/VR2oyu08wLPe1ymH\n"     \
    "-----END CERTIFICATE-----\n"

#define LEAF_PEM                                                         \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBkTCCATegAwIBAgIBAjAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdUZXN0IENB\n" \
    "MB4XDTI2MTEyNDA0MzEzMloXDTI3MTEyNDA0MzEzMlowHTEbMBkGA1UEAwwSY29t\n" \
    "bW9uLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUuzI9pcv\n" \
    "aftGh+ppPS8gYMgrxZ5OT5JgRktjl96I/FibP2klFNuLC/gw2hHunKCBXTbzhnKV\n" \
    "DBmLR/jGBDcRr6NzMHEwLwYDVR0RBCgwJoIPRm9vLkV4YW1wbGUuQ09Ngg0qLmV4\n" \
    "YW1wbGUuY29thwR/AAABMB0GA1UdDgQWBBRf3EDzoSXpfLqflNpDLmO/ETOBijAf\n" \
    "BgNVHSMEGDAWgBSIXy2BmQvJ5NUbANh6VD/gHzcDfTAKBggqhkjOPQQDAgNIADBF\n" \
    "AiEA1WS8bBTLaZcLVNt7PEMn18r2XuSrEW5fum2KAlshuRgCIAS72RZJJFPQtmWo\n" \
    "4mrqGliLMOYnzLZ3YdJnqV32CtbN\n"                                     \
    "-----END CERTIFICATE-----\n"

#define LEAF_CN_PEM                                                      \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBFTCBvQIBAzAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdUZXN0IENBMB4XDTI2\n" \
    "MTEyNDA0MzEzMloXDTI3MTEyNDA0MzEzMlowHTEbMBkGA1UEAwwSY29tbW9uLmV4\n" \
    "YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUuzI9pcvaftGh+pp\n" \
    "PS8gYMgrxZ5OT5JgRktjl96I/FibP2klFNuLC/gw2hHunKCBXTbzhnKVDBmLR/jG\n" \
    "BDcRrzAKBggqhkjOPQQDAgNHADBEAiBDjDeDZhppVuJPJIydD9R7qrqE/fBP9SsV\n" \
    "aEpYWMkFegIgKtAzGDzdfI2TDcYroEzFJ5MnX2L4o6/NxMDML1icBj4=\n"         \
    "-----END CERTIFICATE-----\n"

#define LEAF_SHA1_PEM                                                    \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBFDCBvAIBBDAJBgcqhkjOPQQBMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcNMjYx\n" \
    "MTI0MDQzMTMyWhcNMjcxMTI0MDQzMTMyWjAdMRswGQYDVQQDDBJjb21tb24uZXhh\n" \
    "bXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARS7Mj2ly9p+0aH6mk9\n" \
    "LyBgyCvFnk5PkmBGS2OX3oj8WJs/aSUU24sL+DDaEe6coIFdNvOGcpUMGYtH+MYE\n" \
    "NxGvMAkGByqGSM49BAEDSAAwRQIhAMsPwnxao4Sz1XsLnJRKHVM+TxOn9GiTtzkr\n" \
    "lAQp9g5hAiAuAR3u89CcR36uGRlITLQanlP0YA/00yS+uoUwC8FVPA==\n"         \
    "-----END CERTIFICATE-----\n"

#define LEAF_TRUSTED_PEM                                                 \
    "-----BEGIN TRUSTED CERTIFICATE-----\n"                              \
    "MIIBkTCCATegAwIBAgIBAjAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdUZXN0IENB\n" \
    "MB4XDTI2MTEyNDA0MzEzMloXDTI3MTEyNDA0MzEzMlowHTEbMBkGA1UEAwwSY29t\n" \
    "bW9uLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUuzI9pcv\n" \
    "aftGh+ppPS8gYMgrxZ5OT5JgRktjl96I/FibP2klFNuLC/gw2hHunKCBXTbzhnKV\n" \
    "DBmLR/jGBDcRr6NzMHEwLwYDVR0RBCgwJoIPRm9vLkV4YW1wbGUuQ09Ngg0qLmV4\n" \
    "YW1wbGUuY29thwR/AAABMB0GA1UdDgQWBBRf3EDzoSXpfLqflNpDLmO/ETOBijAf\n" \
    "BgNVHSMEGDAWgBSIXy2BmQvJ5NUbANh6VD/gHzcDfTAKBggqhkjOPQQDAgNIADBF\n" \
    "AiEA1WS8bBTLaZcLVNt7PEMn18r2XuSrEW5fum2KAlshuRgCIAS72RZJJFPQtmWo\n" \
    "4mrqGliLMOYnzLZ3YdJnqV32CtbNMAwwCgYIKwYBBQUHAwE=\n"                 \
    "-----END TRUSTED CERTIFICATE-----\n"

#define LEAF_WEAK_PEM                                                    \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBVjCBwAIBBTANBgkqhkiG9w0BAQsFADASMRAwDgYDVQQDDAdXZWFrIENBMB4X\n" \
    "DTI2MTEyNDA0MzEzMloXDTI3MTEyNDA0MzEzMlowHTEbMBkGA1UEAwwSY29tbW9u\n" \
    "LmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUuzI9pcvaftG\n" \
    "h+ppPS8gYMgrxZ5OT5JgRktjl96I/FibP2klFNuLC/gw2hHunKCBXTbzhnKVDBmL\n" \
    "R/jGBDcRrzANBgkqhkiG9w0BAQsFAAOBgQAqOs7szSuBwcXvntznfz1mO+lhjKAq\n" \
    "MGQC0Ukg3WpAdy6d6xOYWhqZ7cUIkDmDC2c16oqDTSYyrhzcNYFhcEntJ8VpJLic\n" \
    "oafhq2v4JUjAu7Za9k6VbOu/S9199D6r8ozyvxBmD/qpLChREnTPsQV/5Bd3uHoW\n" \
    "bnUFTbRtKxeGLg==\n"                                                 \
    "-----END CERTIFICATE-----\n"

#define WEAK_CA_PEM                                                      \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIICADCCAWmgAwIBAgIUGu6e3lvtM/Eu4/9eqXsyXrMtRVwwDQYJKoZIhvcNAQEL\n" \
    "BQAwEjEQMA4GA1UEAwwHV2VhayBDQTAeFw0yNjExMjQwNDMxMzJaFw0zNjExMjEw\n" \
    "NDMxMzJaMBIxEDAOBgNVBAMMB1dlYWsgQ0EwgZ8wDQYJKoZIhvcNAQEBBQADgY0A\n" \
    "MIGJAoGBAOHZPSJi1M7mkPyfwWcW7Zacv1mTdx85KGB6L5CsomtstMS9fXeJsKBu\n" \
    "6PyRre3+WieNwfoaIvj82+ew/fA/dtH1VDAQDOXtslGOEC3+FA3MynK58aPA9TuZ\n" \
    "FAQ2PspXlRrWTpSYSX6eRXwjwj6V4ZktaoFPpI2F6Iflgr8bc3ZpAgMBAAGjUzBR\n" \
    "MB0GA1UdDgQWBBS14cPDKE7pg+9R7+b5CSIZigsokzAfBgNVHSMEGDAWgBS14cPD\n" \
    "KE7pg+9R7+b5CSIZigsokzAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUA\n" \
    "A4GBAHYQbZWfwcWuMUUtmr9LAmG0f9gre3maGu2ArHimK0nuWcMZxrUXjr0hUUkg\n" \
    "iqOVHgUmlotDMHzzVEA0CZuKeUyM3lsQsmry3c7XX76OJZeBOo/lidfHczhaQrgg\n" \
    "YenqiKhXHLiaRdMeQJmZ7J6ZADlGdBfXQyvb+UUAzDfd9Yxe\n"                 \
    "-----END CERTIFICATE-----\n"

#define SELF_SHA1_PEM                                                    \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBiTCCATCgAwIBAgIUYJxeeyj6hamGfCmrohUbpFCWnnIwCQYHKoZIzj0EATAb\n" \
    "MRkwFwYDVQQDDBBzZWxmLmV4YW1wbGUuY29tMB4XDTI2MTEyNDA0MzEzMloXDTM2\n" \
    "MTEyMTA0MzEzMlowGzEZMBcGA1UEAwwQc2VsZi5leGFtcGxlLmNvbTBZMBMGByqG\n" \
    "SM49AgEGCCqGSM49AwEHA0IABFLsyPaXL2n7RofqaT0vIGDIK8WeTk+SYEZLY5fe\n" \
    "iPxYmz9pJRTbiwv4MNoR7pyggV0284ZylQwZi0f4xgQ3Ea+jUzBRMB0GA1UdDgQW\n" \
    "BBRf3EDzoSXpfLqflNpDLmO/ETOBijAfBgNVHSMEGDAWgBRf3EDzoSXpfLqflNpD\n" \
    "LmO/ETOBijAPBgNVHRMBAf8EBTADAQH/MAkGByqGSM49BAEDSAAwRQIhANXv79eQ\n" \
    "kpaRdrML0AD10ASOA0LnK9P4R0Qe6qEk2J5+AiAYi1+IcmksUlvMQf/9sln5GP9L\n" \
    "jFOTIMnxtzKClZHFMg==\n"                                             \
    "-----END CERTIFICATE-----\n"

#define NONAME_PEM                                                       \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBdzCCAR2gAwIBAgIUUSjcBehrGpMMMqap88gPc3rk0jowCgYIKoZIzj0EAwIw\n" \
    "ETEPMA0GA1UECgwGbm9ib2R5MB4XDTI2MTEyNDA0MzEzMloXDTI2MTIwNDA0MzEz\n" \
    "MlowETEPMA0GA1UECgwGbm9ib2R5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n" \
    "UuzI9pcvaftGh+ppPS8gYMgrxZ5OT5JgRktjl96I/FibP2klFNuLC/gw2hHunKCB\n" \
    "XTbzhnKVDBmLR/jGBDcRr6NTMFEwHQYDVR0OBBYEFF/cQPOhJel8up+U2kMuY78R\n" \
    "M4GKMB8GA1UdIwQYMBaAFF/cQPOhJel8up+U2kMuY78RM4GKMA8GA1UdEwEB/wQF\n" \
    "MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgCXX00RGMfuT2u7OYjS5AUA1Xc+U2mcFH\n" \
    "UGcCzIRWg+UCIQCS+yQWRSvT+5rgfHrY6DulLM2h+dxSyvP8lIuwTmIMeQ==\n"     \
    "-----END CERTIFICATE-----\n"

#define EC_PARAMS_KEY_PEM                                                \
    "-----BEGIN EC PARAMETERS-----\n"                                    \
    "BggqhkjOPQMBBw==\n"                                                 \
    "-----END EC PARAMETERS-----\n"                                      \
    "-----BEGIN EC PRIVATE KEY-----\n"                                   \
    "MHcCAQEEIIGyPkIz3iVAfZWUt2+yL7nXmn8tWLr+HE6V0Yflen2IoAoGCCqGSM49\n" \
    "AwEHoUQDQgAEUuzI9pcvaftGh+ppPS8gYMgrxZ5OT5JgRktjl96I/FibP2klFNuL\n" \
    "C/gw2hHunKCBXTbzhnKVDBmLR/jGBDcRrw==\n"                             \
    "-----END EC PRIVATE KEY-----\n"

#define EC_SEC1_PEM                                                      \
    "-----BEGIN EC PRIVATE KEY-----\n"                                   \
    "MHcCAQEEIIGyPkIz3iVAfZWUt2+yL7nXmn8tWLr+HE6V0Yflen2IoAoGCCqGSM49\n" \
    "AwEHoUQDQgAEUuzI9pcvaftGh+ppPS8gYMgrxZ5OT5JgRktjl96I/FibP2klFNuL\n" \
    "C/gw2hHunKCBXTbzhnKVDBmLR/jGBDcRrw==\n"                             \
    "-----END EC PRIVATE KEY-----\n"

#define EC_PKCS8_PEM                                                     \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggbI+QjPeJUB9lZS3\n" \
    "b7Ivudeafy1Yuv4cTpXRh+V6fYihRANCAARS7Mj2ly9p+0aH6mk9LyBgyCvFnk5P\n" \
    "kmBGS2OX3oj8WJs/aSUU24sL+DDaEe6coIFdNvOGcpUMGYtH+MYENxGv\n"         \
    "-----END PRIVATE KEY-----\n"

#define EC_PKCS8_ENCRYPTED_PEM                                           \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"                            \
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAibXhT3ODBM5AICCAAw\n" \
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGVl1Ymn6cULkh9QIk+3IcEEgZBw\n" \
    "9raPwik9x2BaoYMV+0NXrr+zUGJp8PwNQeh9Ar5QRqbOnHyyCR4XR5uN+pAo+xYT\n" \
    "W1wbXsrZAtpy0sSKk9VAHZD3XPfRNukfyatXEasOqVkuB3qhvhWLWxeXQyCO2Gdq\n" \
    "uDPWqbN+Fv2qM8oSvA+TeJPny4FrEnho9QAZpb73ssaypsOZLVvTTDavy/Urj8Q=\n" \
    "-----END ENCRYPTED PRIVATE KEY-----\n"

#define EC_SEC1_ENCRYPTED_PEM                                            \
    "-----BEGIN EC PRIVATE KEY-----\n"                                   \
    "Proc-Type: 4,ENCRYPTED\n"                                           \
    "DEK-Info: AES-128-CBC,4573AEF563B4867A709E6F6DB861E65E\n"           \
    "\n"                                                                 \
    "f5gzscTGNw5hF4UL8O3JDUFpZQ440SF3AbH8HqhJUq5In4eauR1mmP82PxUkO9HJ\n" \
    "lavH62JoQG75PtY0r+cI5eXgbyO4BYBKptk9pD+/cvFVurpnjMfUdVFOYWy0TAx5\n" \
    "6BDB0jKyKpoLS/d6uBDa5iDJ4l3lJAKb6VDreYiYYSQ=\n"                     \
    "-----END EC PRIVATE KEY-----\n"

#define RSA_PEM                                                          \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIDFTCCAf2gAwIBAgIUBeayE62IglhuDaIdMn5Et7P7b+YwDQYJKoZIhvcNAQEL\n" \
    "BQAwGjEYMBYGA1UEAwwPcnNhLmV4YW1wbGUuY29tMB4XDTI2MTEyNDA0MzEzMloX\n" \
    "DTM2MTEyMTA0MzEzMlowGjEYMBYGA1UEAwwPcnNhLmV4YW1wbGUuY29tMIIBIjAN\n" \
    "BgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApaoWtWNY06PwHc+fCGquqvhXkdWK\n" \
    "Wf4g/ZAo5ygt/1hkkWeNhh2dNYi98A55zi8+5krrl1HLgB5vlTGfwjS2+TLuMX60\n" \
    "sal62LwzaalSTUPvBKtm1E4KKAZimGVDVMl+MDpcEniShYQKZ065BeFQeksBdCB3\n" \
    "Ss4I1x0x+ortCTSVokyxX1F4l0M6s/gHcOpOTRXqsCux20TeqB9z6eq0sKE+XcL3\n" \
    "2Yr8cY4nlmU1m0+rYoOatQGZt+CbKi2fwLYTehQRX+I0YrxJGhl60Z8IO/e/zZqS\n" \
    "x4EuIRu4zCKSQEvxQxicy1Vy/rY0MKUan9BFqjN/n1D3GKjVhzcLEHY87wIDAQAB\n" \
    "o1MwUTAdBgNVHQ4EFgQU4NnodAPro8CFBl8Mnwc7fMqpR4MwHwYDVR0jBBgwFoAU\n" \
    "4NnodAPro8CFBl8Mnwc7fMqpR4MwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0B\n" \
    "AQsFAAOCAQEAVBQJPDK4/S5ODdG4jKv1pathJrfCLNvtXESAEbFObxrHFdgsn4gp\n" \
    "SoR0tdPl3PEwDICJ4TODBN3rNlx/dgam22K3Ifd8Ud4NbCuQBa5gWkyqc3jGrICB\n" \
    "kir6A0/c0ItyAFYqTydGzkgRly0ZlmZ2pHMyQ1knPiuE0vmufL2LVbXSDv+58s40\n" \
    "q6uPtZyFOFTJoSfT6WqyDku0XC0pYNSaZleQ+ekVjUX9q6A6lo40SSwoGCxsPWpg\n" \
    "6uOz9wBbNDPPj6VicHUmDQyJb+FpM+7LtPhi5UTZx6FtC/QR0PB0EYivmum2cbve\n" \
    "bDJzuXh8NJrfieHJXon3Qt5WDuVnuuP5oQ==\n"                             \
    "-----END CERTIFICATE-----\n"

#define RSA_PKCS1_PEM                                                    \
    "-----BEGIN RSA PRIVATE KEY-----\n"                                  \
    "MIIEogIBAAKCAQEApaoWtWNY06PwHc+fCGquqvhXkdWKWf4g/ZAo5ygt/1hkkWeN\n" \
    "hh2dNYi98A55zi8+5krrl1HLgB5vlTGfwjS2+TLuMX60sal62LwzaalSTUPvBKtm\n" \
    "1E4KKAZimGVDVMl+MDpcEniShYQKZ065BeFQeksBdCB3Ss4I1x0x+ortCTSVokyx\n" \
    "X1F4l0M6s/gHcOpOTRXqsCux20TeqB9z6eq0sKE+XcL32Yr8cY4nlmU1m0+rYoOa\n" \
    "tQGZt+CbKi2fwLYTehQRX+I0YrxJGhl60Z8IO/e/zZqSx4EuIRu4zCKSQEvxQxic\n" \
    "y1Vy/rY0MKUan9BFqjN/n1D3GKjVhzcLEHY87wIDAQABAoIBABxRUzllRoFC1CAc\n" \
    "ZdhX+Ax0j+93O4N/i58cPcmplhdAQkySkV/7/uvwOFto9gw3Cj7uTpAapLj9OuCb\n" \
    "T24weZhmSs3+FSALUtrqbLVigpV/h8NaEyU2Q8kssjzPjm9XU/ElgKiNoKoe9HJN\n" \
    "RBZLueh1msWBaTLJvjwbGvhzN+prIr6IkQj/xaSN3taMmqTIWR09FiImptIJt3QR\n" \
    "P8dEcEtTTrLsS3q/SRum92fZBU5V8kxknnejV0U9MfWCMBqzuq/4JhNWnVgQGWPV\n" \
    "l2T8N8ZfBRWUaEUgH/pZlps8vExCJBOFr6a1f9b2QAdzwQ7sRJLfbuIM+FOnwh86\n" \
    "zdkTwrkCgYEA0rmZv7wBnGP/u8rYhzeQZAONNviD4NdAdXsz3eQx9igEAviUiGcE\n" \
    "TwPxNlHcJgoc2EZ/0iEVaVbl9lvO17Fd5KiiRBt+xOX59aXN9lRygrHd9zpgtYDQ\n" \
    "zYxKtli6FqXdW6T8Wi3UlrYb3Z6Btame/L619AGRPbjXDHU7cKpnVrcCgYEAyUIL\n" \
    "GwKTOYgueW2QOcA8UA6MXHxZFJW4k5gDAGAYtcOMGpX7aLGRnY8RFi2SHj3RLMAP\n" \
    "X2gnZpUApjrPre5fbfQsBaekVMTtWJYJVTHlj2L7kvkuPHFVUimJOIurUBTorN2n\n" \
    "6qA4JOiE+MIzeHY8ih/+KYkd7EwVtPAYTbLQ04kCgYALvG6FsTDdxuv9R4TbswqF\n" \
    "p3T79MdThGmAoYX3+7eUoBHpIHMVTbd9txh+D/0U2UdV/EcuKs2IemCAYgiZFrXG\n" \
    "AGZZKLbcvHo5ZiycZYOjJ8jW9hdgxHXcnM2kbjie/knfysaLNzY51paitys+NN43\n" \
    "8V8s4dF3AI5pkTXoRnVO7QKBgH3YgkE9dvn+obDkRc8W2Z/luPcL+lfY1zXTU+0k\n" \
    "Kc9em3j0V+S7RCaVk0We8UNfvDCTWAl8g0at3V4UYFCOQbXrfKt8jFFFYnSGPQe8\n" \
    "z6K9bjoU/khlRci+mEN3coP8zxFo+NrJnNHXY255YN3ucSSdpLwsNT3QxbICf+/1\n" \
    "5IahAoGAWm+6DJiyGVQOmyLl4Wl4HUrYQcRpS3J1YzWxP+ietHD5s9jmJOvhKhIf\n" \
    "KQYve1QK1+PsrQLi30BgJF/NrCbrVYs/a3Wfz1jV8SWNTl/HR7Qs7/xCxnBaHQgv\n" \
    "DnSVpaqKBe0pDJhszD8+L0ox2liZOWStkby5PHc+yLGr720+1ME=\n"             \
    "-----END RSA PRIVATE KEY-----\n"

#define RSA1024_PEM                                                      \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIICFDCCAX2gAwIBAgIUPJyFSkvwKidfxwRjsaC9optMClUwDQYJKoZIhvcNAQEL\n" \
    "BQAwHDEaMBgGA1UEAwwRc2hvcnQuZXhhbXBsZS5jb20wHhcNMjYxMTI0MDQzMTMy\n" \
    "WhcNMzYxMTIxMDQzMTMyWjAcMRowGAYDVQQDDBFzaG9ydC5leGFtcGxlLmNvbTCB\n" \
    "nzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA4dk9ImLUzuaQ/J/BZxbtlpy/WZN3\n" \
    "HzkoYHovkKyia2y0xL19d4mwoG7o/JGt7f5aJ43B+hoi+Pzb57D98D920fVUMBAM\n" \
    "5e2yUY4QLf4UDczKcrnxo8D1O5kUBDY+yleVGtZOlJhJfp5FfCPCPpXhmS1qgU+k\n" \
    "jYXoh+WCvxtzdmkCAwEAAaNTMFEwHQYDVR0OBBYEFLXhw8MoTumD71Hv5vkJIhmK\n" \
    "CyiTMB8GA1UdIwQYMBaAFLXhw8MoTumD71Hv5vkJIhmKCyiTMA8GA1UdEwEB/wQF\n" \
    "MAMBAf8wDQYJKoZIhvcNAQELBQADgYEAtzTjOo3nRL/kL6yHF/wn1UGdRiz1JecY\n" \
    "SCy53C4gaATQHsKcEGn+SpJ6Cd7DM/STZtktltojLpp8g5LEBn1T+9bXAxhftaaT\n" \
    "fCM4gn3XL9mwtt4ClKoGbO4DTFEjrNwDuQ8V78l+y92od4KotDBEAAG45Gv5RzeE\n" \
    "vbR1Wx7Z8fA=\n"                                                     \
    "-----END CERTIFICATE-----\n"

#define RSA1024_KEY_PEM                                                  \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAOHZPSJi1M7mkPyf\n" \
    "wWcW7Zacv1mTdx85KGB6L5CsomtstMS9fXeJsKBu6PyRre3+WieNwfoaIvj82+ew\n" \
    "/fA/dtH1VDAQDOXtslGOEC3+FA3MynK58aPA9TuZFAQ2PspXlRrWTpSYSX6eRXwj\n" \
    "wj6V4ZktaoFPpI2F6Iflgr8bc3ZpAgMBAAECgYEAwHnwxRZvgSk01WedXytGLr7F\n" \
    "wSSRN/XxeE+JrAXEokLRyH4pqK+a7Q+41k+daKAF24HPmEOgHIz7KPlJYe/kZS+M\n" \
    "MB2KvSubx4JfOJuvwkx6EC7Y1YJ56Nh5vVee16TnxLy44KkpTkHtqg34moRF2aWp\n" \
    "SseVaUyMzCA2RuI67BECQQDzMuiuZfwl8c27wb6CQBtzM0b3nPwN++DwH8650h6K\n" \
    "7ewZ4NOtBMGC62+T5tzbLS2QBPt53eL4XaIAOgWYlx51AkEA7byJMlQVDRdAdSv1\n" \
    "cxJjIScX2ClgXFg/pduAFbQnTUpiBKSVcdklBszEwSmtw9CkHzkuLU0JFRWO8C1X\n" \
    "tijhpQJAV7TNa0/GXpzUuFjH7stV2vbsKhKIaDalSZP/Bs67SxlA45hMXoJvk1p7\n" \
    "E9jXX4fsfZr+YlXeK/oAmZpTOFOPnQJBAJxxoDstV7kInxM8PUZfSDqN1kQaXl4G\n" \
    "eMP1YSFnLyHOnBgAEpQb2CDUaXnPqpicWRRu9XM8KYjlae2leP3Xgz0CQDuMd/s5\n" \
    "afEH20iyZKvT3RC/wvHmReEjZmxzUvaq6yk0cs0NjqNI03w1X9NpY5OXE7E3+vfv\n" \
    "/da4JLKTb4NbiyY=\n"                                                 \
    "-----END PRIVATE KEY-----\n"

#define ED25519_KEY_PEM                                                  \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MC4CAQAwBQYDK2VwBCIEIM7Dwj+gX1y5x1ry6sY2ZaRyErf0hire1Ca20dyMulkY\n" \
    "-----END PRIVATE KEY-----\n"

#define K1_KEY_PEM                                                       \
    "-----BEGIN EC PRIVATE KEY-----\n"                                   \
    "MHQCAQEEIEtcVh7hJ0dQWbi0tqzG7CVhgriWr6twZZ6DTqyflBJHoAcGBSuBBAAK\n" \
    "oUQDQgAEU/eMtN3r0vQJf/eS6V5JpknwrVn6OgRb6IEucVksdnX7plTAsMCVyg1z\n" \
    "4Ecr6yXeCryyYUYNFiwXTHGO2eJ2UQ==\n"                                 \
    "-----END EC PRIVATE KEY-----\n"

#define K1_PEM                                                           \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBhDCCASqgAwIBAgIUKdF75sDs0ozrLVCWxdl94ES8XfQwCgYIKoZIzj0EAwIw\n" \
    "GTEXMBUGA1UEAwwOazEuZXhhbXBsZS5jb20wHhcNMjYxMTI0MDQzMTMyWhcNMzYx\n" \
    "MTIxMDQzMTMyWjAZMRcwFQYDVQQDDA5rMS5leGFtcGxlLmNvbTBWMBAGByqGSM49\n" \
    "AgEGBSuBBAAKA0IABFP3jLTd69L0CX/3kuleSaZJ8K1Z+joEW+iBLnFZLHZ1+6ZU\n" \
    "wLDAlcoNc+BHK+sl3gq8smFGDRYsF0xxjtnidlGjUzBRMB0GA1UdDgQWBBRHsexA\n" \
    "cSmyAuKw4FBLjni1nIi6+DAfBgNVHSMEGDAWgBRHsexAcSmyAuKw4FBLjni1nIi6\n" \
    "+DAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIFPxHPyOXu+lxNw/\n" \
    "1onPgczNdMGnyBUGtR04plOvvTSWAiEApmlts26SF66jGPPnGwoX0Xjx53HggB+c\n" \
    "1g60S9rg0Ho=\n"                                                     \
    "-----END CERTIFICATE-----\n"

#define DSA_KEY_PEM                                                      \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIIBWgIBADCCATMGByqGSM44BAEwggEmAoGBAKEUCXQZ3evK3kv7bXAy7WNVz2YA\n" \
    "4a014AeUt9gDmcRdCmvT7VP+drxy4ddSEsWjmGS85OlFvbA/8YHrskw8mWsqZLt4\n" \
    "mS6ZpmH05lU+lksg/F/sw9kisPewGvL5kOYmwhRXnYZYuYZT7kVEHpDUXdSWVpoe\n" \
    "7JeGhIrMasHkyXA3Ah0AkP2TFd1J1U14qGKh3A+zBGhrPRNlqf7G/8vKqwKBgFGl\n" \
    "r08WxZIf8IUWFTkZ2XN6NShGoSk9Iza50xwfj4OGLdTksjlfqPjvlfkv4pV7Sqha\n" \
    "UzIUc0Jow5se5GrnlHsssWo9OQ3ONQ5bWgus0xd/kUHwVzlkuvVj2UOBNimbmwT4\n" \
    "IUfQ4MLgOgm1IXrGk1P9dUUcdwVtUfqTMXouPRlyBB4CHBuilG1iH4V/DIHLTT+u\n" \
    "mFZvaWyCXCT6TO58xKs=\n"                                             \
    "-----END PRIVATE KEY-----\n"

/* With "two words.example.com" among its names. */
#define P521_PEM                                                         \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIICXDCCAb+gAwIBAgIUIRaJa+45BSryC7XfkK6A6+FutzgwCgYIKoZIzj0EAwIw\n" \
    "GzEZMBcGA1UEAwwQcDUyMS5leGFtcGxlLmNvbTAgFw0yNjExMjQwNTE4MTZaGA8y\n" \
    "MTI2MTAzMTA1MTgxNlowGzEZMBcGA1UEAwwQcDUyMS5leGFtcGxlLmNvbTCBmzAQ\n" \
    "BgcqhkjOPQIBBgUrgQQAIwOBhgAEAK0t9Qcgpkbua3yU3SuF79Do8tRNTlVs39ic\n" \
    "Fn+3yveWXSjJGqv2X1jkcu68OFnllNZssa78DpW/WCq0RbxmA2BlAAB+SKLJo4Rz\n" \
    "n4/npNrOBxM4DKV9eSkqXnsjJqVaoqqi07RYf/jgE8wvj150hW5B9rRj3F15kmdj\n" \
    "gnQPXGz9QMxzo4GbMIGYMB0GA1UdDgQWBBR8mlAGaiteLKteKFrI9i1qOo0u4DAf\n" \
    "BgNVHSMEGDAWgBR8mlAGaiteLKteKFrI9i1qOo0u4DAPBgNVHRMBAf8EBTADAQH/\n" \
    "MEUGA1UdEQQ+MDyCEHA1MjEuZXhhbXBsZS5jb22CFXR3byB3b3Jkcy5leGFtcGxl\n" \
    "LmNvbYIRdGhpcmQuZXhhbXBsZS5jb20wCgYIKoZIzj0EAwIDgYoAMIGGAkFNVyZL\n" \
    "BPDzG59O4Phj4pXjagss12P5e9wrFvzKXXLjO/7It4QF9Jwf72yXkPH/uIipbYxX\n" \
    "eSgshQge6l5D34/tZgJBE7qwJTEmUFU7StZfuX/u3iiV1COeAcNbYNvLrxef58v4\n" \
    "FRmu3rzLOZEWKPUOJnJnSXcefgJ/iceDfvWeazixJMQ=\n"                     \
    "-----END CERTIFICATE-----\n"

#define P521_KEY_PEM                                                     \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAeql27HI35HET3YL+\n" \
    "NTNRvJSC7rOsVgR0A9NqEEtsyrjlh2lqd2BDTMy7uRr5xf8XcZU9tMdq5w6DQLh/\n" \
    "vO5HUG2hgYkDgYYABACtLfUHIKZG7mt8lN0rhe/Q6PLUTU5VbN/YnBZ/t8r3ll0o\n" \
    "yRqr9l9Y5HLuvDhZ5ZTWbLGu/A6Vv1gqtEW8ZgNgZQAAfkiiyaOEc5+P56TazgcT\n" \
    "OAylfXkpKl57IyalWqKqotO0WH/44BPML49edIVuQfa0Y9xdeZJnY4J0D1xs/UDM\n" \
    "cw==\n"                                                             \
    "-----END PRIVATE KEY-----\n"

/* P521_PEM with one byte behind the certificate. */
#define TRAILING_PEM                                                     \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIICXDCCAb+gAwIBAgIUIRaJa+45BSryC7XfkK6A6+FutzgwCgYIKoZIzj0EAwIw\n" \
    "GzEZMBcGA1UEAwwQcDUyMS5leGFtcGxlLmNvbTAgFw0yNjExMjQwNTE4MTZaGA8y\n" \
    "MTI2MTAzMTA1MTgxNlowGzEZMBcGA1UEAwwQcDUyMS5leGFtcGxlLmNvbTCBmzAQ\n" \
    "BgcqhkjOPQIBBgUrgQQAIwOBhgAEAK0t9Qcgpkbua3yU3SuF79Do8tRNTlVs39ic\n" \
    "Fn+3yveWXSjJGqv2X1jkcu68OFnllNZssa78DpW/WCq0RbxmA2BlAAB+SKLJo4Rz\n" \
    "n4/npNrOBxM4DKV9eSkqXnsjJqVaoqqi07RYf/jgE8wvj150hW5B9rRj3F15kmdj\n" \
    "gnQPXGz9QMxzo4GbMIGYMB0GA1UdDgQWBBR8mlAGaiteLKteKFrI9i1qOo0u4DAf\n" \
    "BgNVHSMEGDAWgBR8mlAGaiteLKteKFrI9i1qOo0u4DAPBgNVHRMBAf8EBTADAQH/\n" \
    "MEUGA1UdEQQ+MDyCEHA1MjEuZXhhbXBsZS5jb22CFXR3byB3b3Jkcy5leGFtcGxl\n" \
    "LmNvbYIRdGhpcmQuZXhhbXBsZS5jb20wCgYIKoZIzj0EAwIDgYoAMIGGAkFNVyZL\n" \
    "BPDzG59O4Phj4pXjagss12P5e9wrFvzKXXLjO/7It4QF9Jwf72yXkPH/uIipbYxX\n" \
    "eSgshQge6l5D34/tZgJBE7qwJTEmUFU7StZfuX/u3iiV1COeAcNbYNvLrxef58v4\n" \
    "FRmu3rzLOZEWKPUOJnJnSXcefgJ/iceDfvWeazixJMR4\n"                     \
    "-----END CERTIFICATE-----\n"
