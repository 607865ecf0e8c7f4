/* Private to control/instance: what the two documents have in common. */
#pragma once

#include "control/instance/instance.h"
#include "core/json/json.h"

/* The name and the value of the label by which pods of an instance are found. */
#define INSTANCE__SELECTOR "app"

/* By this label the operator finds its own objects: app.kubernetes.io/managed-by. */
#define INSTANCE__MANAGER "otemon"

/* Writes an object of strings. */
void instance__tags_write(struct jv_writer *writer, struct api_tags tags);

/* Writes `metadata` of what the instance owns, with what a template adds to it. */
void instance__metadata_write(struct jv_writer *writer, const struct api_object *instance,
                              struct api_tags annotations, struct api_tags labels);

/* Writes the selector of the pods. */
void instance__selector_write(struct jv_writer *writer, const struct api_object *instance);
