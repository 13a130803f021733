// libcurl, as far as HTTP uses it. Swift does not call variadic C: each wrapper here is one
// `curl_easy_setopt`, `curl_easy_getinfo` or `curl_multi_setopt` with the one type that its option takes.
#pragma once
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

/// libcurl copies the string.
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

/// The pointer is kept as it is, and must stay good.
static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

/// The list is kept as it is, and must stay good.
static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_writer(CURL *handle, curl_write_callback callback, void *context) {
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);
}

static inline CURLcode ccurl_set_header_writer(CURL *handle, curl_write_callback callback, void *context) {
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
    return curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, callback);
}

static inline CURLcode ccurl_set_reader(
    CURL *handle, curl_read_callback reader, curl_seek_callback seeker, void *context) {
    curl_easy_setopt(handle, CURLOPT_READDATA, context);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, context);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, seeker);
    return curl_easy_setopt(handle, CURLOPT_READFUNCTION, reader);
}

/// Opens sockets that child processes do not get.
static inline curl_socket_t ccurl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    int type = address->socktype;
#ifdef SOCK_CLOEXEC
    type |= SOCK_CLOEXEC;
#endif
    int opened = socket(address->family, type, address->protocol);
#ifndef SOCK_CLOEXEC
    if (opened >= 0) fcntl(opened, F_SETFD, FD_CLOEXEC);
#endif
    return opened < 0 ? CURL_SOCKET_BAD : opened;
}

static inline CURLcode ccurl_set_private_sockets(CURL *handle) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, ccurl_open_socket);
}

/// Lets the handle speak HTTP and nothing else.
static inline CURLcode ccurl_set_http_only(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// Does not wait for a running name resolution when the handle goes, where libcurl knows how.
static inline void ccurl_set_quick_exit(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)handle;
#endif
}

static inline CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode ccurl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode ccurl_get_private(CURL *handle, void **value) {
    return curl_easy_getinfo(handle, CURLINFO_PRIVATE, value);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

/// The file of trusted certificates that this libcurl was built to read, or null.
static inline const char *ccurl_default_bundle(void) {
    return curl_version_info(CURLVERSION_NOW)->cainfo;
}
