#include "spec/world.h"

#include <algorithm>

namespace cadre::spec {

int EntityLayout::find(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return static_cast<int>(i);
  }
  return -1;
}

Schema::Schema(const Spec& spec) {
  for (const Entity& entity : spec.entities) {
    by_id_.emplace(entity.id, static_cast<int>(by_id_.size()));
  }
  for (const Entity& entity : spec.entities) {
    EntityLayout layout;
    layout.entity = &entity;
    for (const Attribute& attribute : entity.attributes) {
      layout.columns.push_back({attribute.id, &attribute, nullptr, -1, scale_of(attribute)});
    }
    for (const Relation* relation : relations_of(spec, entity.id)) {
      layout.columns.push_back({relation->role, nullptr, relation, find(relation->to), 0});
    }
    add_unique(spec, layout);
    entities_.push_back(std::move(layout));
  }
}

void Schema::add_unique(const Spec& spec, EntityLayout& layout) {
  const Entity& entity = *layout.entity;
  const auto add = [&](const std::vector<std::string>& names) {
    UniqueKey key;
    for (const std::string& name : names) {
      const int column = layout.find(name);
      if (column >= 0) key.columns.push_back(static_cast<std::size_t>(column));
    }
    if (!key.columns.empty()) layout.unique.push_back(std::move(key));
  };
  for (const Attribute& attribute : entity.attributes) {
    if (attribute.unique) add({attribute.id});
    if (attribute.unique_within.empty()) continue;
    std::vector<std::string> names{attribute.id};
    names.insert(names.end(), attribute.unique_within.begin(), attribute.unique_within.end());
    add(names);
  }
  add(entity.natural_key);
  for (const Relation* relation : relations_of(spec, entity.id)) {
    if (relation->cardinality == Cardinality::kOneToOne) add({relation->role});
  }
}

int Schema::find(std::string_view entity) const {
  const auto it = by_id_.find(entity);
  return it == by_id_.end() ? -1 : it->second;
}

namespace {

auto position(const std::vector<std::shared_ptr<const Row>>& rows, std::int64_t id) {
  return std::lower_bound(rows.begin(), rows.end(), id,
                          [](const auto& row, std::int64_t wanted) { return row->id < wanted; });
}

}  // namespace

const Row* Table::find(std::int64_t id) const {
  const auto it = position(rows_, id);
  return it == rows_.end() || (*it)->id != id ? nullptr : it->get();
}

std::int64_t Table::insert(Row row) {
  row.id = next_id_++;
  rows_.push_back(std::make_shared<const Row>(std::move(row)));
  return rows_.back()->id;
}

void Table::replace(Row row) {
  const auto it = position(rows_, row.id);
  if (it == rows_.end() || (*it)->id != row.id) return;
  rows_[static_cast<std::size_t>(it - rows_.begin())] = std::make_shared<const Row>(std::move(row));
}

void Table::erase(std::int64_t id) {
  const auto it = position(rows_, id);
  if (it != rows_.end() && (*it)->id == id) rows_.erase(it);
}

}  // namespace cadre::spec
